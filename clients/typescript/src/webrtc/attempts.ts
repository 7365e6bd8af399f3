import { CallError } from './errors.js'

/**
 * How many attempts to join by an invite may fail in its life. Each is one guess at the short code for
 * somebody in the middle, who can give up unseen where the codes are going to differ.
 */
const MAX_UNFINISHED = 8

/** Ends an attempt. One that led to a connection was shown to a person, and one without an offer gave nothing away: neither counts. */
export type EndAttempt = (counts: boolean) => void

/** The attempts to join by one invite: which are under way, and how many failed. */
export class Attempts {
  #underWay = 0
  #waiting: (() => void)[] = []

  /**
   * @param failed how many failed before the page was loaded again
   * @param changed called before the count matters to anybody
   */
  constructor (private failed: number, private readonly changed: () => void) {}

  /** What a host that forgets everything else must know: an attempt under way has failed if it is never heard of again. */
  get unfinished (): number { return this.failed + this.#underWay }

  get exhausted (): boolean { return this.failed >= MAX_UNFINISHED }

  /** Waits while those under way may turn out to be the last; rejects with `CALL_ERR_ATTEMPTS` when they were. */
  async begin (): Promise<EndAttempt> {
    while (!this.exhausted && this.unfinished >= MAX_UNFINISHED) {
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }
    if (this.exhausted) throw new CallError('CALL_ERR_ATTEMPTS')
    this.#underWay++
    this.changed()
    return counts => {
      this.#underWay--
      if (counts) this.failed++
      this.changed()
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }
}
