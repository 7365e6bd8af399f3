/** A small generator of random numbers (sfc32, from PractRand): the same seed gives the same numbers on every machine. */
export class Random {
  readonly #state: Uint32Array

  constructor (seed: number) {
    this.#state = Uint32Array.of(seed, seed ^ 0x9e3779b9, 0x243f6a88, 1)
    for (let i = 0; i < 15; i++) this.next()
  }

  /** A number from 0 up to, but not including, 1. */
  next (): number {
    const s = this.#state as Uint32Array & [number, number, number, number]
    const sum = (s[0] + s[1] + s[3]) >>> 0
    s[3] += 1
    s[0] = s[1] ^ (s[1] >>> 9)
    s[1] = s[2] + (s[2] << 3)
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + sum
    return sum / 2 ** 32
  }

  /** An integer from `least` to `most`. */
  integer (least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** Small numbers are as likely as large ones are rare: from 1 to `most`. */
  skewed (most: number): number {
    return Math.max(1, Math.round(most ** this.next()))
  }

  chance (probability: number): boolean {
    return this.next() < probability
  }

  pick<T> (items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T
  }

  /** This many characters of base64url. */
  text (length: number): string {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return Array.from({ length }, () => characters[this.integer(0, 63)]).join('')
  }

  /** A generator of its own, which draws nothing from this one later. */
  fork (): Random {
    return new Random(this.integer(0, 2 ** 32 - 1))
  }
}
