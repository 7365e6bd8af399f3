import { BoxError, type Box, type BoxOptions } from '../client/index.js'
import { CallError } from './errors.js'
import { Outbox } from './outbox.js'
import { Queue } from './queue.js'
import type { SealedMessage, Session } from './sealing.js'
import { settled } from './settled.js'

/** How long a goodbye may take, in ms: for telling the other side, and for removing the box. */
export const FAREWELL = 2_000

/**
 * A sealed two-way conversation through two boxes, for signaling of any kind. Values are anything
 * with a JSON text. They arrive once and in order, or the channel fails with a `CallError`.
 *
 * The host speaks first: what the guest sends waits for the host's first message.
 */
export interface Channel extends AsyncIterable<unknown> {
  /** What the guest put into its hello. Anyone could have replayed it, so it is for answering only. */
  readonly hello: unknown
  /** The keys of this conversation; undefined on the guest's side until the host has spoken. */
  readonly session: Session | undefined
  /** Resolves when the value is stored in the other's box. What is sent at the same time goes as one message. */
  send (value: unknown): Promise<void>
  /** Tells the other side that this was all, and ends the loop over the channel on both sides. */
  close (): Promise<void>
}

export class SignalChannel implements Channel {
  session: Session | undefined
  readonly #inbox = new Queue<unknown>()
  readonly #outbox: Outbox
  #over: Promise<void> | undefined

  /**
   * @param to the other side's box
   * @param ended called once, when nothing is sent or received any more
   */
  constructor (to: Box, readonly hello: unknown, private readonly ended: () => void | Promise<void>) {
    this.#outbox = new Outbox(async batch => {
      try {
        await to.send(await this.session?.seal(batch))
      } catch (error) {
        throw this.fail(error)
      }
    })
  }

  /** From here on both sides' nonces are known, and values can go out. */
  start (session: Session): void {
    this.session = session
    this.#outbox.start()
  }

  async send (value: unknown): Promise<void> {
    await this.#outbox.send(value)
  }

  /** Takes the next message of the session. A message that is refused ends the channel. */
  async receive (message: SealedMessage): Promise<void> {
    if (this.#over !== undefined) return
    try {
      this.take(await this.session?.open(message))
    } catch (error) {
      this.fail(error)
    }
  }

  /** Takes what a message of the session had in it. */
  take (batch: unknown): void {
    if (batch === null) {
      this.close()
      return
    }
    if (!Array.isArray(batch)) throw new CallError('CALL_ERR_FORMAT')
    for (const value of batch) {
      if (!this.#inbox.push(value)) throw new CallError('CALL_ERR_FULL')
    }
  }

  /** Ends the channel with an error, and returns it as the one to throw. */
  fail (error: unknown): unknown {
    const reason = asCallError(error)
    this.#end(reason)
    return reason
  }

  close (): Promise<void> {
    return this.#end()
  }

  [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    return this.#inbox[Symbol.asyncIterator]()
  }

  #end (reason?: unknown): Promise<void> {
    this.#inbox.end(reason)
    // The other side is told also of a failure, so that it need not wait in vain.
    this.#over ??= settled(this.#outbox.end(reason), FAREWELL).then(this.ended)
    return this.#over
  }
}

/** What a box says, in the words of a call. Aborts stay what they are. */
export function asCallError (error: unknown): unknown {
  if (error instanceof CallError || (error instanceof DOMException && error.name === 'AbortError')) return error
  if (error instanceof BoxError && error.status === 404) return new CallError('CALL_ERR_GONE', { cause: error })
  return new CallError('CALL_ERR_SERVER', { cause: error })
}

/** Removes a box that is done with. Where that fails, it goes by its idle lifetime. */
export async function remove (box: Box): Promise<void> {
  await box.delete({ signal: AbortSignal.timeout(FAREWELL) }).catch(() => {})
}

/** Exactly those of the options that a box takes. */
export function boxOptions ({ fetch, headers, server, signal }: BoxOptions): BoxOptions {
  return { ...(fetch && { fetch }), ...(headers && { headers }), ...(server && { server }), ...(signal && { signal }) }
}
