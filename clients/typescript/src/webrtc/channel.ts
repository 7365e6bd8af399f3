import { BoxError, type Box, type BoxOptions } from '../index.js'
import { CallError, isCallErrorCode, type CallErrorCode } from './errors.js'
import { Outbox } from './outbox.js'
import { Assembly } from './pieces.js'
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
  /**
   * Resolves when the value is stored in the other's box. What is sent at the same time goes as one
   * message. Rejects with `CALL_ERR_TOO_LARGE` where its JSON text has more than 512 KiB.
   */
  send (value: unknown): Promise<void>
  /**
   * Tells the other side that this was all, and ends the loop over the channel on both sides. With a
   * reason, this side's loop throws it, and the other side's too where it may be told.
   */
  close (reason?: unknown): Promise<void>
}

/** Reasons that the other side can do something about, or that it shares. Everything else is only over to it. */
const told: ReadonlySet<CallErrorCode> = new Set<CallErrorCode>(['CALL_ERR_FULL', 'CALL_ERR_ATTEMPTS', 'CALL_ERR_USED_UP', 'CALL_ERR_TOO_LARGE', 'CALL_ERR_DESCRIPTION'])

/** The last message: that it is over, or why. */
type Ending = null | { ended: CallErrorCode }

function endingFor (reason: unknown): Ending {
  return reason instanceof CallError && told.has(reason.code) ? { ended: reason.code } : null
}

/** Such a last message may come after one that could not be stored. */
export function isReason (message: unknown): boolean {
  return typeof Object(message).ended === 'string'
}

export class SignalChannel implements Channel {
  session: Session | undefined
  readonly #inbox = new Queue<unknown>()
  readonly #outbox: Outbox
  readonly #assembly = new Assembly()
  #over: Promise<void> | undefined

  /**
   * @param to the other side's box
   * @param ended called once, when nothing is sent or received any more
   */
  constructor (to: Box, readonly hello: unknown, private readonly ended: () => void | Promise<void>) {
    this.#outbox = new Outbox(async message => {
      try {
        await store(to, await this.session?.seal(message))
      } catch (error) {
        const reason = asCallError(error)
        // What was too large was not stored, but a word about it can be. Else there is no way to the other side.
        void this.#end(reason, reason instanceof CallError && reason.code === 'CALL_ERR_TOO_LARGE' ? endingFor(reason) : undefined)
        throw reason
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
      this.take(await this.session?.open(message, isReason))
    } catch (error) {
      this.fail(error)
    }
  }

  /** Takes what a message of the session had in it. */
  take (message: unknown): void {
    if (message === null) {
      void this.close()
    } else if (isReason(message)) {
      const { ended } = message as { ended: string }
      void this.#end(new CallError(isCallErrorCode(ended) && told.has(ended) ? ended : 'CALL_ERR_CLOSED'), null)
    } else if (Array.isArray(message)) {
      if (!this.#assembly.empty) throw new CallError('CALL_ERR_FORMAT')
      this.#takeAll(message)
    } else {
      const batch = this.#assembly.add(message)
      if (batch !== undefined) this.#takeAll(batch)
    }
  }

  /** Ends the channel with an error. */
  fail (error: unknown): void {
    void this.close(asCallError(error))
  }

  close (reason?: unknown): Promise<void> {
    return this.#end(reason, endingFor(reason))
  }

  [Symbol.asyncIterator] (): AsyncGenerator<unknown, void> {
    return this.#inbox[Symbol.asyncIterator]()
  }

  #takeAll (batch: unknown): void {
    if (!Array.isArray(batch)) throw new CallError('CALL_ERR_FORMAT')
    for (const value of batch) {
      if (!this.#inbox.push(value)) throw new CallError('CALL_ERR_FULL')
    }
  }

  #end (reason: unknown, ending: Ending | undefined): Promise<void> {
    this.#inbox.end(reason)
    // The other side is told also of a failure, so that it need not wait in vain.
    this.#over ??= settled(this.#outbox.end(ending, reason), FAREWELL).then(this.ended)
    return this.#over
  }
}

/** What a box says, in the words of a call. Aborts stay what they are. */
export function asCallError (error: unknown): unknown {
  if (error instanceof CallError || (error instanceof DOMException && error.name === 'AbortError')) return error
  if (error instanceof BoxError && error.status === 404) return new CallError('CALL_ERR_GONE', { cause: error })
  if (error instanceof BoxError && error.status === 413) return new CallError('CALL_ERR_TOO_LARGE', { cause: error })
  return new CallError('CALL_ERR_SERVER', { cause: error })
}

/** How often, and how long apart in ms, a message is tried again where the other's box is full: its owner may be about to read. */
const FULL_TRIES = 4
const FULL_PAUSE = 500

/** Stores one message in the other side's box. */
export async function store (box: Box, message: unknown): Promise<void> {
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

/** Removes a box that is done with. Where that fails, it goes by its idle lifetime. */
export async function remove (box: Box): Promise<void> {
  await box.delete({ signal: AbortSignal.timeout(FAREWELL) }).catch(() => {})
}

/** Exactly those of the options that a box takes. */
export function boxOptions ({ fetch, headers, server, signal }: BoxOptions): BoxOptions {
  return { ...(fetch && { fetch }), ...(headers && { headers }), ...(server && { server }), ...(signal && { signal }) }
}
