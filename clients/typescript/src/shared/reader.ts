import type { Message } from '../follow.js'

/** A loop over a box that gets its messages through a shared stream. */
export interface Reader {
  /** the box id */
  readonly box: string
  /** the number of the last message that it was given */
  cursor: number
  /**
   * @param after its cursor before these messages
   * @param length how long they are as JSON, or more
   */
  receive (messages: Message[], after: number, length: number): void
  /** The server says that there is no point in retrying. */
  fail (error: unknown): void
  /** There is no shared stream. */
  detach (): void
}

/** What gives readers their messages. */
export interface Carrier {
  /** whether it has no readers */
  readonly isIdle: boolean
  add (reader: Reader): void
  remove (reader: Reader): void
}

/** The messages after the cursor, without those that come again or out of order. */
export function freshOf (messages: Message[], cursor: number): Message[] {
  let last = cursor
  return messages.filter(({ seq }) => seq > last && (last = seq))
}

/** How many messages a loop may have waiting; more than a box holds on a server with default limits. */
const MAX_WAITING = 1000

/** How long they may be as JSON, besides those that came first; more than such a box holds. */
const MAX_LENGTH = 4 * 1024 * 1024

/** A reader in this page, with the messages that its loop has not taken. */
export class Loop implements Reader {
  readonly box: string
  cursor: number
  #waiting: Message[] = []
  #length = 0
  #end: { error?: unknown, isDetached: boolean } | undefined
  #wake: (() => void) | undefined

  constructor (box: string, after: number) {
    this.box = box
    this.cursor = after
  }

  /** Whether the messages must come in another way. */
  get isDetached (): boolean {
    return this.#end?.isDetached === true
  }

  receive (messages: Message[], _after: number, length: number): void {
    if (this.#end !== undefined) return
    if (this.#waiting.length > 0) this.#length += length
    this.#waiting.push(...messages)
    // The box has what comes now, and is read again once the loop has caught up.
    if (this.#waiting.length > MAX_WAITING || this.#length > MAX_LENGTH) this.#end = { isDetached: false }
    this.#wake?.()
  }

  fail (error: unknown): void {
    this.#end ??= { error, isDetached: false }
    this.#wake?.()
  }

  detach (): void {
    this.#end ??= { isDetached: true }
    this.#wake?.()
  }

  /** The next messages; undefined if no more come. Rejects with what it has failed with. */
  async next (): Promise<Message[] | undefined> {
    while (this.#waiting.length === 0 && this.#end === undefined) {
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
    const messages = this.#waiting
    this.#waiting = []
    this.#length = 0
    if (messages.length > 0) return messages
    if (this.#end?.error !== undefined) throw this.#end.error
    return undefined
  }
}
