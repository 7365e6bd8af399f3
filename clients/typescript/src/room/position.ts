import { readPage, type Message, type Source, type Successor } from '../follow.js'
import { BoxError } from '../http.js'
import { isTransient } from '../retry.js'
import { Scope } from '../scope.js'

/**
 * A reader's place in a room. A room that has expired comes back under the same id and counts from 1 again, perhaps
 * without an error: by the time this reader is back, the new room may have as many messages. So whenever it has
 * connected, the reader looks for the last message that it has handled. If that is gone from the same room, so are all
 * before it, and reading from the start is right as well.
 */
export class Position implements Successor {
  readonly #source: Source
  readonly #reopen: (scope: Scope) => Promise<void>
  /** The last message that was handled. */
  #last: { seq: number, text: string } | undefined

  constructor (source: Source, reopen: (scope: Scope) => Promise<void>) {
    this.#source = source
    this.#reopen = reopen
  }

  /** The cursor after which to go on. */
  get after (): number {
    return this.#last?.seq ?? 0
  }

  /** Call once the message is not to be delivered again. */
  handled ({ seq, data }: Message): void {
    this.#last = { seq, text: JSON.stringify(data) }
  }

  async isReplaced (scope: Scope): Promise<boolean> {
    if (this.#last === undefined) return false
    const { seq, text } = this.#last
    const { messages: [message] } = await Scope.run(scope, undefined, child => readPage(this.#source, { after: seq - 1, limit: 1 }, child))
    if (message?.seq === seq && JSON.stringify(message.data) === text) return false
    this.#last = undefined
    return true
  }

  async recover (error: unknown, scope: Scope): Promise<void> {
    if (isGone(error)) await this.#open(scope)
    else if (!(error instanceof BoxError && error.code === 'BOX_ERR_CURSOR')) throw error
    this.#last = undefined
  }

  /** One attempt: if it fails for a while, the next request is refused for the same reason, and it is tried again. */
  async #open (scope: Scope): Promise<void> {
    try {
      await Scope.run(scope, undefined, this.#reopen, this.#source.timings.responseTimeout)
    } catch (error) {
      scope.signal.throwIfAborted()
      if (!isTransient(error)) throw error
    }
  }
}

/** Whether the room has expired or been deleted. */
export function isGone (error: unknown): boolean {
  return error instanceof BoxError && error.code === 'BOX_ERR_NOT_FOUND'
}
