/** How long a condition must be absent to count as over, in ms, so that an intermittent one is reported only once. */
const QUIET = 5_000

type Log = (details: { err?: unknown, failures?: number, seconds?: number }, message: string) => void

/** A logger such as Fastify's. */
export interface Logger {
  info: Log
  warn: Log
  error: Log
}

interface Wording {
  level: 'warn' | 'error'
  begins: string
  ends: string
}

/**
 * A condition that begins and ends, such as an outage. Thousands of requests may meet it; the log gets one
 * line when it begins, and one when it is over that says how often it was met.
 */
export class Condition {
  readonly #log: Logger
  readonly #wording: Wording
  readonly #now: () => number
  #since: number | undefined
  #last = 0
  #failures = 0

  /** @param now in ms, on a monotonic clock */
  constructor (log: Logger, wording: Wording, now = () => performance.now()) {
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

  /** Whether it has begun and its end has not been logged. */
  get isMet (): boolean {
    return this.#since !== undefined
  }

  /** Call when something succeeds that would have failed during the condition. */
  notMet (): void {
    if (this.#since === undefined || this.#now() - this.#last < QUIET) return
    const failures = this.#failures
    const seconds = Math.ceil((this.#last - this.#since) / 1000)
    this.#since = undefined
    this.#failures = 0
    this.#log.info({ failures, seconds }, `${this.#wording.ends} after ${failures} failure${failures === 1 ? '' : 's'} in ${seconds} s`)
  }
}
