import { utf8 } from './bytes.js'
import { CallError } from './errors.js'
import { MAX_VALUE_BYTES, split } from './pieces.js'

/** A batch well below what a server takes as one message, sealed and in base64url. */
const BATCH_BYTES = 32_768
const MAX_WAITING = 1024

interface Entry {
  value: unknown
  size: number
  last: boolean
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Values on their way out. What is sent in the same moment, or while an earlier message is being
 * stored, goes as one message: ICE candidates come in flocks, and each message costs a request. A
 * value that is too large for one message goes in pieces.
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
    if (text === undefined) throw new TypeError('Only JSON values can be sent')
    const size = utf8(text).length
    if (size > MAX_VALUE_BYTES) throw new CallError('CALL_ERR_TOO_LARGE')
    if (this.#error !== undefined) throw this.#error
    if (this.#waiting.length >= MAX_WAITING) throw new CallError('CALL_ERR_FULL')
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ value, size, last: false, resolve, reject })
      this.#run()
    })
  }

  /**
   * Stores what waits, or rejects it with the error, then stores the last message, if there is one.
   * Nothing can be sent after. Resolves when it is stored, or could not be; at once where it has ended before.
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

  /** Everything that waits, and everything from now on, rejects with this error. */
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
        // Where it has ended by this error already, the last message still goes out.
        if (this.#error === undefined) this.#fail(error)
      }
      this.#running = false
      this.#run()
    }
    // Not at once: what is sent right after this value belongs to the same batch.
    queueMicrotask(() => { void storeBatch() })
  }

  #take (): Entry[] {
    let size = 0
    const count = this.#waiting.findIndex((entry, index) => {
      size += entry.size
      return index > 0 && (entry.last || size > BATCH_BYTES)
    })
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count)
  }
}

function messagesOf (batch: Entry[]): unknown[] {
  const [first] = batch
  if (first === undefined) return []
  if (first.last) return [first.value]
  const values = batch.map(({ value }) => value)
  return first.size > BATCH_BYTES ? split(values) : [values]
}
