import { utf8 } from '../bytes.js'
import { CallError } from './errors.js'
import { MAX_VALUE_BYTES, splitIntoPieces } from './pieces.js'

/** The longest text of a batch, in bytes, well below the largest message a server accepts once it is sealed and base64url-encoded. */
const BATCH_BYTES = 32_768
const MAX_WAITING = 1024

interface Entry {
  value: unknown
  /** in bytes, with the comma or bracket after it; the batch has one bracket more */
  size: number
  last: boolean
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Values waiting to be sent. Values sent at the same moment, or while an earlier message is being stored,
 * travel as one message: ICE candidates come in bursts, and every message costs a request. A value too large
 * for one message is sent in pieces.
 */
export class Outbox {
  #waiting: Entry[] = []
  #running = false
  #started = false
  #error: unknown

  /** @param store stores one message: a batch of values, a piece of one, or the last message */
  constructor (private readonly store: (message: unknown) => Promise<void>) {}

  /** Until this is called, values wait. */
  start (): void {
    this.#started = true
    this.#run()
  }

  /** Resolves when the value is stored. */
  async send (value: unknown): Promise<void> {
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError('A value to send must be a JSON value')
    const size = utf8(text).length
    if (size > MAX_VALUE_BYTES) throw new CallError('CALL_ERR_TOO_LARGE')
    if (this.#error !== undefined) throw this.#error
    if (this.#waiting.length >= MAX_WAITING) throw new CallError('CALL_ERR_FULL')
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ value, size: size + 1, last: false, resolve, reject })
      this.#run()
    })
  }

  /**
   * Stores the waiting values, or rejects them with the error, then stores the last message, if any. Nothing
   * can be sent afterwards. Resolves when the last message is stored or has failed; at once if the outbox has
   * already ended.
   */
  async end (last: unknown, error?: unknown): Promise<void> {
    if (this.#error !== undefined) return
    if (error !== undefined || !this.#started) this.#fail(error ?? new CallError('CALL_ERR_CLOSED'))
    this.#error = error ?? new CallError('CALL_ERR_CLOSED')
    if (!this.#started || last === undefined) return
    await new Promise<void>(resolve => {
      this.#waiting.push({ value: last, size: 0, last: true, resolve, reject: () => resolve() })
      this.#run()
    })
  }

  /** Rejects everything that is waiting, and everything from now on, with this error. */
  #fail (error: unknown): void {
    this.#error = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #run () {
    if (this.#running || !this.#started || this.#waiting.length === 0) return
    this.#running = true
    const storeBatch = async () => {
      const batch = this.#take()
      try {
        for (const message of messagesOf(batch)) await this.store(message)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
        // If it has already ended with this error, the last message is still sent.
        if (this.#error === undefined) this.#fail(error)
      }
      this.#running = false
      this.#run()
    }
    // Deferred: values sent right after this one belong to the same batch.
    queueMicrotask(() => { void storeBatch() })
  }

  #take (): Entry[] {
    let size = 0
    const count = this.#waiting.findIndex((entry, index) => {
      size += entry.size
      return index > 0 && (entry.last || size >= BATCH_BYTES)
    })
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count)
  }
}

function messagesOf (batch: Entry[]): unknown[] {
  const [first] = batch
  if (first === undefined) return []
  if (first.last) return [first.value]
  const values = batch.map(({ value }) => value)
  return first.size >= BATCH_BYTES ? splitIntoPieces(JSON.stringify(values)) : [values]
}
