import type { Log } from './connection.js'

/** How long nothing must fail for an outage to be over, in ms: intermittent failures are one outage. */
const QUIET = 5_000

/** Logs one line when something begins to fail, and one when it works again. */
export class Outage {
  readonly #log: Log
  readonly #begins: string
  readonly #ends: string
  readonly #now: () => number
  /** when it last failed; undefined if there is no outage */
  #last: number | undefined

  /** @param now in ms, on a monotonic clock */
  constructor (log: Log, begins: string, ends: string, now = () => performance.now()) {
    this.#log = log
    this.#begins = begins
    this.#ends = ends
    this.#now = now
  }

  failed (reason: string): void {
    if (this.#last === undefined) this.#log('error', `${this.#begins}: ${reason}`)
    this.#last = this.#now()
  }

  worked (): void {
    if (this.#last === undefined || this.#now() - this.#last < QUIET) return
    this.#last = undefined
    this.#log('info', this.#ends)
  }
}
