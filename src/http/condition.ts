import type { FastifyBaseLogger } from 'fastify'

/** A condition counts as over only after this long without it, ms, so that one which comes and goes is one condition. */
const QUIET = 5_000

interface Wording {
  level: 'warn' | 'error'
  begins: string
  ends: string
}

/**
 * A condition that begins and ends, such as an outage. Requests meet it by the thousand; the log
 * has one line when it begins and one when it is over, which says how often it was met.
 */
export class Condition {
  readonly #log: FastifyBaseLogger
  readonly #wording: Wording
  readonly #now: () => number
  #since: number | undefined
  #last = 0
  #failures = 0

  /** @param now ms, of a clock that never jumps */
  constructor (log: FastifyBaseLogger, wording: Wording, now = () => performance.now()) {
    this.#log = log
    this.#wording = wording
    this.#now = now
  }

  met (error: unknown): void {
    this.#last = this.#now()
    this.#failures++
    if (this.#since !== undefined) return
    this.#since = this.#last
    this.#log[this.#wording.level]({ err: error }, this.#wording.begins)
  }

  /** Something succeeded that would have failed while the condition lasts. */
  notMet (): void {
    if (this.#since === undefined || this.#now() - this.#last < QUIET) return
    const failures = this.#failures
    const seconds = Math.ceil((this.#last - this.#since) / 1000)
    this.#since = undefined
    this.#failures = 0
    this.#log.info({ failures, seconds }, `${this.#wording.ends} after ${failures} failure${failures === 1 ? '' : 's'} in ${seconds} s`)
  }
}
