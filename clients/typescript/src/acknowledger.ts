import { backoff, isTransient, type Timings } from './retry.js'
import { Scope } from './scope.js'

/** Acknowledge at once when this many messages are waiting: well below what a box holds. */
const BACKLOG = 64

/**
 * Tells the server how far a reader has got: one request at a time, with the latest cursor, and at most one
 * per `acknowledgeInterval` unless many messages are waiting. After a transient failure it tries again, ever less often
 * and not before the server allows, also if no message comes: until the server has deleted what was handled, the box may
 * be full. After a refusal it waits for a later cursor. Who leaves the loop does not wait: what is left to acknowledge
 * is sent at once.
 */
export class Acknowledger {
  readonly #acknowledge: (cursor: number, timings: Timings) => Promise<unknown>
  readonly #timings: Timings
  /** ends when the loop is left */
  readonly #staying: Scope
  #wanted = 0
  #tried = 0
  /** up to here, the server has deleted the messages, or refused to */
  #done = 0
  #running: Promise<void> | undefined
  /** the pause that a backlog ends */
  #interval: Scope | undefined

  constructor (acknowledge: (cursor: number, timings: Timings) => Promise<unknown>, timings: Timings, loop: Scope) {
    this.#acknowledge = acknowledge
    this.#timings = timings
    this.#staying = new Scope(loop)
  }

  /** Call when the consumer has handled every message up to and including this cursor. */
  advance (cursor: number) {
    this.#wanted = cursor
    if (cursor - this.#tried >= BACKLOG) this.#interval?.end()
    this.#running ??= this.#run().catch(() => {})
  }

  /** Call when the loop is left. Resolves when the server has deleted what was handled, or refused to; else rejects. */
  async flush (): Promise<void> {
    this.#staying.end()
    await this.#running
    if (this.#done < this.#wanted) await this.#acknowledge(this.#wanted, { ...this.#timings, maxRetryAfter: this.#timings.flushTimeout })
  }

  /** Throws if the loop is left during a pause. */
  async #run () {
    for (let failures = 0; failures > 0 || this.#tried < this.#wanted;) {
      const cursor = this.#tried = this.#wanted
      try {
        // One attempt, so that the next one sends what is then the latest cursor.
        await this.#acknowledge(cursor, { ...this.#timings, maxAttempts: 1 })
        this.#done = cursor
        failures = 0
      } catch (error) {
        failures = isTransient(error) ? failures + 1 : 0
        if (failures === 0) this.#done = cursor
        else await backoff(this.#staying, failures, error, this.#timings)
      }
      if (failures > 0 || this.#wanted - cursor >= BACKLOG) continue
      await Scope.run(this.#staying, undefined, pause => (this.#interval = pause).sleep(this.#timings.acknowledgeInterval))
        .catch(() => { this.#staying.signal.throwIfAborted() })
    }
    this.#running = undefined
  }
}
