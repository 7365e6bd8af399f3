import { CallError } from './errors.js'

/**
 * How many attempts to join by an invite may fail in a short time. Each is one guess at the short code
 * for somebody in the middle, who can give up unseen where the codes are going to differ.
 */
const MAX_UNFINISHED = 8

/** How long it takes until one failed attempt is forgotten, in ms: honest guests have bad luck, too. */
const FORGET = 600_000

/** Ends an attempt. One whose code people could compare was no secret guess, and one without an offer gave nothing away: neither counts. */
export type EndAttempt = (counts: boolean) => void

/** The attempts to join by one invite: which are under way, and how many failed. */
export class Attempts {
  #underWay = 0
  #waiting: (() => void)[] = []

  /**
   * @param failed how many failed before the page was loaded again
   * @param from when the last of them was forgotten, as `Date.now` tells it
   * @param changed called before the count matters to anybody
   */
  constructor (private failed: number, private from: number, private readonly changed: () => void) {}

  /** What a host that forgets everything else must know: an attempt under way has failed if it is never heard of again. */
  get unfinished (): number {
    this.#forget()
    return this.failed + this.#underWay
  }

  /** From when on the next of them is being forgotten. */
  get since (): number {
    this.#forget()
    return this.from
  }

  get exhausted (): boolean {
    this.#forget()
    return this.failed >= MAX_UNFINISHED
  }

  /** Waits while those under way may turn out to be the last; rejects with `CALL_ERR_ATTEMPTS` when they were. */
  async begin (): Promise<EndAttempt> {
    while (!this.exhausted && this.unfinished >= MAX_UNFINISHED) {
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }
    if (this.exhausted) throw new CallError('CALL_ERR_ATTEMPTS')
    this.#underWay++
    this.changed()
    return counts => {
      this.#forget()
      this.#underWay--
      if (counts) this.failed++
      this.changed()
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** The wall clock, because the count outlives the page. */
  #forget (): void {
    const now = Date.now()
    const count = Math.max(0, Math.floor((now - this.from) / FORGET))
    this.failed = Math.max(0, this.failed - count)
    this.from = this.failed === 0 || this.from > now ? now : this.from + count * FORGET
  }
}
