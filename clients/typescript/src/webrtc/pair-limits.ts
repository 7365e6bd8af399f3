import type { Scope } from '../scope.js'
import { Allowance } from './allowance.js'
import { Attempts, SharedAttempts, type AttemptLimit } from './attempts.js'

/** How many connections to other guests may be made at once, and per second: in total, and to each. */
const BURST = 16
const PER_SECOND = 0.2
const BURST_EACH = 4
const PER_SECOND_EACH = 0.05

/** How many attempts with one guest may fail. */
const MAX_FAILED_EACH = 3

/** How often a guest connects to the other guests, and how often that may fail, whoever the host says they are. */
export class PairLimits {
  readonly #starts = new Allowance(BURST, PER_SECOND)
  /** By id, for as long as any attempt counts: a guest that leaves and comes back gets no new ones. */
  readonly #attempts = new Map<string, Attempts>()

  /** @param all counts the failed attempts with all of them together */
  constructor (private readonly all: AttemptLimit) {}

  /** How often one other guest may be connected. */
  startsOfOne (): Allowance {
    return new Allowance(BURST_EACH, PER_SECOND_EACH)
  }

  /** Waits until another connection may be made, to this guest and at all. */
  async turn (starts: Allowance, scope: Scope): Promise<void> {
    for (;;) {
      scope.signal.throwIfAborted()
      const ms = Math.max(starts.delay(), this.#starts.delay())
      if (ms === 0) break
      await scope.sleep(ms)
    }
    starts.take()
    this.#starts.take()
  }

  /** @param known the guests whose attempts are kept even if none counts */
  attemptsOf (id: string, known: ReadonlyMap<string, unknown>): AttemptLimit {
    for (const [old, { unfinished }] of this.#attempts) if (unfinished === 0 && !known.has(old)) this.#attempts.delete(old)
    let own = this.#attempts.get(id)
    if (own === undefined) this.#attempts.set(id, own = new Attempts(0, Date.now(), () => {}, MAX_FAILED_EACH))
    return new SharedAttempts(this.all, own)
  }
}
