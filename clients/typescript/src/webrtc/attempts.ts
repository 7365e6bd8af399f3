import { Scope } from '../scope.js'
import { CallError } from './errors.js'

/**
 * How many attempts to join with an invite may fail within a short time. Each is one guess at the short code
 * for someone in the middle, who can abandon an attempt unnoticed if the codes would differ.
 */
const MAX_UNFINISHED = 8

/** How long until one failed attempt is forgotten, in ms: honest attempts fail too. */
const FORGET_AFTER = 600_000

/**
 * How much an attempt counts if people could compare the code: a wrong guess would have been visible, but perhaps
 * nobody looked. A host whose sixteen guests are all replaced every ten minutes never reaches the limit.
 */
const COMPARED = 1 / 16

/**
 * How an attempt ended. `compared`: people could compare the code. `failed`: they could not, although there was an
 * offer. `free`: no offer was sent, so nothing was revealed, or nobody compares codes in this app.
 */
export type Outcome = 'compared' | 'failed' | 'free'

export type EndAttempt = (outcome: Outcome) => void

/** The part that connecting needs. */
export interface AttemptLimit {
  readonly unfinished: number
  readonly exhausted: boolean
  begin (signal?: AbortSignal): Promise<EndAttempt>
}

/** The attempts to join with one invite: how many are in progress, and how many count as failed. */
export class Attempts implements AttemptLimit {
  #underWay = 0
  #waiting: (() => void)[] = []

  /**
   * @param failed how many count as failed from before a reload
   * @param from when one of them was last forgotten, in ms since the epoch
   * @param changed called before a change of the count has any effect
   */
  constructor (private failed: number, private from: number, private readonly changed: () => void, private readonly limit = MAX_UNFINISHED) {}

  /** What a host must remember across a reload: an attempt in progress has failed if nothing more is heard of it. */
  get unfinished (): number {
    this.#forgetOld()
    return this.failed + this.#underWay
  }

  /** The start of the period after which the next failed attempt is forgotten, in ms since the epoch. */
  get since (): number {
    this.#forgetOld()
    return this.from
  }

  get exhausted (): boolean {
    this.#forgetOld()
    return this.failed >= this.limit
  }

  /** Waits while the attempts in progress could still use up the limit; rejects with `CALL_ERR_ATTEMPTS` once they have. */
  async begin (signal?: AbortSignal): Promise<EndAttempt> {
    while (!this.exhausted && this.unfinished >= this.limit) {
      const next = new Promise<void>(resolve => { this.#waiting.push(resolve) })
      await Scope.run(undefined, signal, () => next)
    }
    signal?.throwIfAborted()
    if (this.exhausted) throw new CallError('CALL_ERR_ATTEMPTS')
    this.#underWay++
    this.changed()
    return outcome => {
      this.#forgetOld()
      this.#underWay--
      if (outcome !== 'free') this.failed += outcome === 'failed' ? 1 : COMPARED
      this.changed()
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Uses the wall clock, because the count outlives the page. */
  #forgetOld (): void {
    const now = Date.now()
    const count = Math.max(0, Math.floor((now - this.from) / FORGET_AFTER))
    this.failed = Math.max(0, this.failed - count)
    this.from = this.failed === 0 || this.from > now ? now : this.from + count * FORGET_AFTER
  }
}

/** One guest's share of the attempts that all guests have in common, so that no guest can use them all up. */
export class SharedAttempts implements AttemptLimit {
  constructor (private readonly all: AttemptLimit, private readonly own: AttemptLimit) {}

  get unfinished (): number { return this.all.unfinished }
  get exhausted (): boolean { return this.all.exhausted || this.own.exhausted }

  async begin (signal?: AbortSignal): Promise<EndAttempt> {
    const endOwn = await this.own.begin(signal)
    try {
      const end = await this.all.begin(signal)
      return outcome => {
        endOwn(outcome)
        end(outcome)
      }
    } catch (error) {
      endOwn('free')
      throw error
    }
  }
}
