import type { Unsubscribe } from './store.js'

/** The listeners of boxes that expire in a store. */
export class ExpiryWatchers {
  readonly #listeners = new Set<(drop: string) => void>()

  add (listener: (drop: string) => void): Unsubscribe {
    const own = (drop: string): void => { listener(drop) }
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  tell (drop: string): void {
    for (const listener of this.#listeners) listener(drop)
  }
}
