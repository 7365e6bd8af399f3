/** A token bucket: how much may be done at once, and per second after that. */
export class Allowance {
  #left: number
  #since = performance.now()

  constructor (private readonly burst: number, private readonly perSecond: number) {
    this.#left = burst
  }

  /** Whether there was enough left; if not, nothing is used up. */
  take (cost = 1): boolean {
    if (this.delay(cost) > 0) return false
    this.#left -= cost
    return true
  }

  /** How long until there is enough, in ms. */
  delay (cost = 1): number {
    const now = performance.now()
    this.#left = Math.min(this.burst, this.#left + (now - this.#since) * this.perSecond / 1000)
    this.#since = now
    return Math.max(0, Math.ceil((cost - this.#left) / this.perSecond * 1000))
  }
}
