import { Scope } from '../scope.js'
import { CLOSE_TIMEOUT, type Deliver } from './boxes.js'
import { endMessageFor, errorOf, isEndMessage, type EndMessage } from './ending.js'
import { asCallError, CallError } from './errors.js'
import { Outbox } from './outbox.js'
import { MAX_BATCH_BYTES, PieceAssembler } from './pieces.js'
import { Queue } from './queue.js'
import type { SealedMessage, Session } from './sealing.js'

/**
 * A sealed two-way conversation through two boxes, for any kind of signaling. A value is anything that JSON
 * can represent. Values arrive in order and once each, or the channel fails with a `CallError`. Iterate over
 * it to receive the other side's values.
 *
 * The host speaks first: what the guest sends waits for the host's first message.
 */
export interface Channel extends AsyncIterable<unknown> {
  /** What the guest put into its hello. Anyone may have replayed a hello, so do nothing with it except answer. */
  readonly hello: unknown
  /** The keys of this conversation; undefined on the guest's side until the host has spoken. */
  readonly session: Session | undefined
  /**
   * Resolves when the value is stored in the other side's box. Values sent at the same time travel as one
   * message.
   * @throws TypeError if the value is not a JSON value
   * @throws CallError with `CALL_ERR_TOO_LARGE` if its JSON text is longer than 512 KiB (524,288 bytes),
   * `CALL_ERR_FULL` if 1,024 values are waiting, or the error with which the channel ended
   */
  send (value: unknown): Promise<void>
  /**
   * Tells the other side that this is the end, and ends the loop over the channel on both sides. With a
   * reason, this side's loop throws it; the other side's loop throws it too if it is a `CallError` that
   * concerns both, otherwise a `CallError` with `CALL_ERR_CLOSED`.
   */
  close (reason?: unknown): Promise<void>
}

/** The most text that may wait to be read: room for two of the largest values, sealed. */
export const MAX_UNREAD = 2_097_152

export class SignalingChannel implements Channel {
  session: Session | undefined
  /** why it ended, once it has */
  reason: unknown
  /** ends with the channel */
  readonly scope: Scope
  readonly #inbox = new Queue<unknown>(1024, MAX_UNREAD)
  readonly #outbox: Outbox
  readonly #assembler = new PieceAssembler(MAX_BATCH_BYTES)
  /** the sealed size of the batch that is arriving */
  #batchSize = 0
  #closed: Promise<void> | undefined

  /**
   * @param deliver delivers a sealed message to the other side
   * @param ended called once, when nothing more is sent or received
   * @param signal ends what is being sent
   */
  constructor (deliver: Deliver, readonly hello: unknown, private readonly ended: () => void | Promise<void>, signal: AbortSignal | undefined) {
    this.scope = new Scope(undefined, signal)
    this.#outbox = new Outbox(async message => {
      try {
        if (this.session !== undefined) await deliver(await this.session.seal(message), this.scope)
      } catch (error) {
        const reason = asCallError(error, this.scope.signal)
        // A message that was too large was not stored, but a short one about it can be. After any other error
        // there is no way to reach the other side.
        void this.#end(reason, reason instanceof CallError && reason.code === 'CALL_ERR_TOO_LARGE' ? endMessageFor(reason) : undefined)
        throw reason
      }
    })
  }

  /** Call when both sides' nonces are known: from now on, values are sent. */
  start (session: Session): void {
    this.session = session
    this.#outbox.start()
  }

  async send (value: unknown): Promise<void> {
    await this.#outbox.send(value)
  }

  /** Opens the next message of the session. A message that is refused ends the channel. */
  async receive (message: SealedMessage): Promise<void> {
    if (this.#closed !== undefined) return
    try {
      this.accept(await this.session?.open(message, isEndMessage), message.sealed.length)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Handles the content of a message of the session, and its sealed size. */
  accept (message: unknown, size: number): void {
    this.#batchSize += size
    if (message === null) {
      void this.close()
    } else if (isEndMessage(message)) {
      void this.#end(errorOf(message), null)
    } else if (Array.isArray(message)) {
      if (!this.#assembler.empty) throw new CallError('CALL_ERR_FORMAT')
      this.#acceptBatch(message)
    } else {
      const batch = this.#assembler.add(message)
      if (batch !== undefined) this.#acceptBatch(batch)
    }
  }

  /** Closes the channel with an error. */
  fail (error: unknown): void {
    void this.close(asCallError(error, this.scope.signal))
  }

  close (reason?: unknown): Promise<void> {
    return this.#end(reason, endMessageFor(reason))
  }

  [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    return this.#inbox[Symbol.asyncIterator]()
  }

  #acceptBatch (batch: unknown): void {
    if (!Array.isArray(batch)) throw new CallError('CALL_ERR_FORMAT')
    const size = this.#batchSize / batch.length
    this.#batchSize = 0
    for (const value of batch) {
      if (!this.#inbox.push(value, size)) throw new CallError('CALL_ERR_FULL')
    }
  }

  #end (reason: unknown, ending: EndMessage | undefined): Promise<void> {
    if (this.#closed === undefined) this.reason = reason ?? new CallError('CALL_ERR_CLOSED')
    this.#inbox.end(reason)
    // The other side is told of failures too, so that it does not keep waiting.
    this.#closed ??= this.#finish(this.#outbox.end(ending, reason))
    return this.#closed
  }

  async #finish (told: Promise<void>): Promise<void> {
    await Scope.settled(told, CLOSE_TIMEOUT)
    this.scope.end()
    await this.ended()
  }
}
