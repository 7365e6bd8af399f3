import { backoff, isTransient, type Timings } from './retry.js'
import { Scope } from './scope.js'

/** Acknowledge at once when this many messages are waiting: well below what a box holds. */
const BACKLOG = 64

/**
 * Tells the server how far a reader has got: one request at a time, with the latest cursor, and at most one
 * per `acknowledgeInterval` unless many messages are waiting. After a transient failure it tries again, also if no
 * message comes: until the server has deleted what was handled, the box may be full. A refusal is final: only a
 * later cursor can do better.
 */
export class Acknowledger {
  readonly #acknowledge: (cursor: number) => Promise<unknown>
  readonly #timings: Timings
  readonly #scope: Scope
  #wanted = 0
  #done = 0
  #running: Promise<void> | undefined
  #timer: Scope | undefined
  #hurry = false

  /** @param scope ends every pause when it ends, as the requests do by themselves */
  constructor (acknowledge: (cursor: number) => Promise<unknown>, timings: Timings, scope: Scope) {
    this.#acknowledge = acknowledge
    this.#timings = timings
    this.#scope = scope
  }

  /** Call when the consumer has handled every message up to and including this cursor. */
  advance (cursor: number) {
    this.#wanted = cursor
    if (cursor - this.#done >= BACKLOG) this.#timer?.end()
    if (this.#done < cursor) this.#running ??= this.#run()
  }

  /** Resolves when everything has been acknowledged, or another attempt has failed. */
  async flush (): Promise<void> {
    this.#hurry = true
    this.#timer?.end()
    await this.#running
  }

  async #run () {
    try {
      while (this.#done < this.#wanted) {
        const cursor = this.#wanted
        try {
          await this.#acknowledge(cursor)
          this.#done = cursor
          if (this.#wanted - cursor < BACKLOG) await this.#pause(timer => timer.sleep(this.#timings.acknowledgeInterval))
        } catch (error) {
          if (this.#hurry || this.#scope.signal.aborted || !isTransient(error)) return
          // As if the attempts had gone on.
          await this.#pause(timer => backoff(timer, this.#timings.maxAttempts, error, this.#timings))
        }
      }
    } finally {
      this.#running = undefined
    }
  }

  async #pause (sleep: (timer: Scope) => Promise<void>) {
    if (this.#hurry) return
    this.#timer = new Scope(this.#scope)
    await sleep(this.#timer).catch(() => {})
    this.#timer.end()
  }
}
