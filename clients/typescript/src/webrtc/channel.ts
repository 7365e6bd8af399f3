import { BoxError, type Box, type BoxOptions } from '../index.js'
import { CallError, isAbort, isCallErrorCode, type CallErrorCode } from './errors.js'
import { Outbox } from './outbox.js'
import { PieceAssembler } from './pieces.js'
import { Queue } from './queue.js'
import type { SealedMessage, Session } from './sealing.js'
import { waitAtMost } from './wait-at-most.js'

/** How long closing may take, in ms: telling the other side, and deleting the box. */
export const CLOSE_TIMEOUT = 2_000

/**
 * A sealed two-way conversation through two boxes, for any kind of signaling. A value is anything that JSON
 * can represent. Values arrive in order and once each, or the channel fails with a `CallError`. Iterate over
 * it to receive the other side's values.
 *
 * The host speaks first: what the guest sends waits for the host's first message.
 */
export interface Channel extends AsyncIterable<unknown> {
  /** What the guest put into its hello. Anyone may have replayed a hello, so do nothing with it but answer. */
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
   * concerns both.
   */
  close (reason?: unknown): Promise<void>
}

/** The most sealed text that may wait to be read: room for two of the largest values. */
const MAX_UNREAD = 2_097_152

/** Errors that the other side can act on or shares. All others look to it like an ordinary end. */
const SHARED_REASONS: ReadonlySet<CallErrorCode> = new Set<CallErrorCode>(['CALL_ERR_FULL', 'CALL_ERR_ATTEMPTS', 'CALL_ERR_USED_UP', 'CALL_ERR_TOO_LARGE', 'CALL_ERR_DESCRIPTION'])

/** The last message: null, or the code of the error that ended the conversation. */
type EndMessage = null | { ended: CallErrorCode }

function endMessageFor (reason: unknown): EndMessage {
  return reason instanceof CallError && SHARED_REASONS.has(reason.code) ? { ended: reason.code } : null
}

/** Whether this is a last message with an error code. It may follow a message that could not be stored. */
export function isEndMessage (message: unknown): boolean {
  return typeof Object(message).ended === 'string'
}

export class SignalingChannel implements Channel {
  session: Session | undefined
  /** why it ended, once it has */
  reason: unknown
  readonly #inbox = new Queue<unknown>(1024, MAX_UNREAD)
  readonly #outbox: Outbox
  readonly #assembler = new PieceAssembler()
  /** the sealed size of the batch that is arriving */
  #batchSize = 0
  #closed: Promise<void> | undefined

  /**
   * @param to the other side's box
   * @param ended called once, when nothing more is sent or received
   */
  constructor (to: Box, readonly hello: unknown, private readonly ended: () => void | Promise<void>) {
    this.#outbox = new Outbox(async message => {
      try {
        await sendWithRetry(to, await this.session?.seal(message))
      } catch (error) {
        const reason = asCallError(error)
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
      const { ended } = message as { ended: string }
      void this.#end(new CallError(isCallErrorCode(ended) && SHARED_REASONS.has(ended) ? ended : 'CALL_ERR_CLOSED'), null)
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
    void this.close(asCallError(error))
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
    // The other side is told of failures too, so that it does not wait in vain.
    this.#closed ??= waitAtMost(this.#outbox.end(ending, reason), CLOSE_TIMEOUT).then(this.ended)
    return this.#closed
  }
}

/** Translates an error of a box into one of a call. Aborts stay as they are. */
export function asCallError (error: unknown): unknown {
  if (error instanceof CallError || isAbort(error)) return error
  if (error instanceof BoxError && error.status === 404) return new CallError('CALL_ERR_GONE', { cause: error })
  if (error instanceof BoxError && error.status === 413) return new CallError('CALL_ERR_TOO_LARGE', { cause: error })
  return new CallError('CALL_ERR_SERVER', { cause: error })
}

/** How often a message is retried if the other side's box is full, and the first wait in ms. Its owner may be about to read. */
const FULL_TRIES = 4
const FULL_PAUSE = 500

/** Stores a message in the other side's box, and tries again for a while if that box is full. */
export async function sendWithRetry (box: Box, message: unknown): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await box.send(message)
      return
    } catch (error) {
      if (!(error instanceof BoxError && error.code === 'BOX_ERR_FULL') || tries > FULL_TRIES) throw error
      await new Promise(resolve => { setTimeout(resolve, FULL_PAUSE * 2 ** (tries - 1)) })
    }
  }
}

/** Deletes a box that is no longer needed. If that fails, the box expires by itself. */
export async function deleteBox (box: Box): Promise<void> {
  await box.delete({ signal: AbortSignal.timeout(CLOSE_TIMEOUT) }).catch(() => {})
}

/** More than the largest sealed message, and than a box full of them. Parsed JSON takes up to fifty times its length in memory. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

/** Picks the options that a box takes. */
export function boxOptions ({ fetch, headers, server, signal, maxResponseBytes = MAX_RESPONSE_BYTES }: BoxOptions): BoxOptions {
  return { maxResponseBytes, ...(fetch && { fetch }), ...(headers && { headers }), ...(server && { server }), ...(signal && { signal }) }
}
