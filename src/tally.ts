/** A sum per key, and the total. It keeps nothing for a key whose sum is 0. */
export class Tally {
  total = 0
  readonly #sums = new Map<string, number>()

  of (key: string): number {
    return this.#sums.get(key) ?? 0
  }

  add (key: string, amount: number): void {
    this.total += amount
    const sum = this.of(key) + amount
    if (sum === 0) this.#sums.delete(key)
    else this.#sums.set(key, sum)
  }
}
