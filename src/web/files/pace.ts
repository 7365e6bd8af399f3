/** How much the latest second counts. */
const WEIGHT = 0.3

/** How fast something goes, evened out over some seconds. */
export class Pace {
  #at: number | undefined
  #amount = 0
  /** per second; undefined at first */
  rate: number | undefined

  /** @param now in ms */
  update (amount: number, now: number): void {
    if (this.#at === undefined) {
      this.#at = now
      this.#amount = amount
      return
    }
    const seconds = (now - this.#at) / 1000
    if (seconds < 1) return
    const latest = (amount - this.#amount) / seconds
    this.rate = this.rate === undefined ? latest : this.rate + WEIGHT * (latest - this.rate)
    this.#at = now
    this.#amount = amount
  }

  /** Starts anew, as after a pause. */
  reset (): void {
    this.#at = this.rate = undefined
  }
}
