import type { SharedCounter } from '../store/store.js'

interface Window {
  current: number
  ends: number
}

/**
 * Counts for this process what `SharedCounter` counts for all. It remembers up to `max` keys and forgets the
 * least recently seen ones, so a limited address that keeps trying stays limited, however many others there
 * are.
 */
export class WindowCounter implements SharedCounter {
  readonly #windows = new Map<string, Window>()
  readonly #max: number
  readonly #now: () => number

  /** @param now in ms, on a monotonic clock */
  constructor (max: number, now = () => performance.now()) {
    this.#max = max
    this.#now = now
  }

  async increment (key: string, window: number): Promise<{ current: number, ttl: number }> {
    const now = Math.floor(this.#now())
    const open = this.#windows.get(key)
    const counted = open !== undefined && open.ends > now ? open : { current: 0, ends: now + window }
    counted.current++
    // A Map keeps insertion order, so the key seen last moves to the end.
    this.#windows.delete(key)
    this.#windows.set(key, counted)
    if (this.#windows.size > this.#max) this.#dropOldest()
    // A copy: concurrent requests must each see their own count, not the last one's.
    return { current: counted.current, ttl: counted.ends - now }
  }

  #dropOldest (): void {
    const { value: oldest } = this.#windows.keys().next()
    if (oldest !== undefined) this.#windows.delete(oldest)
  }
}
