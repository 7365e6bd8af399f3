import type { Unsubscribe } from './store.js'

/** The listeners of each box in this process. Nothing is kept for a box after its last listener. */
export class Subscribers {
  readonly #byDrop = new Map<string, Set<() => void>>()

  /** The number of boxes with listeners. */
  get size (): number {
    return this.#byDrop.size
  }

  has (drop: string): boolean {
    return this.#byDrop.has(drop)
  }

  add (drop: string, listener: () => void): Unsubscribe {
    // A separate wrapper, so that the same function added twice is two listeners.
    const entry = (): void => { listener() }
    let listeners = this.#byDrop.get(drop)
    if (listeners === undefined) {
      listeners = new Set()
      this.#byDrop.set(drop, listeners)
    }
    listeners.add(entry)
    return () => {
      const current = this.#byDrop.get(drop)
      if (current?.delete(entry) === true && current.size === 0) this.#byDrop.delete(drop)
    }
  }

  wake (drop: string): void {
    const listeners = this.#byDrop.get(drop)
    if (listeners === undefined) return
    for (const listener of listeners) listener()
  }

  wakeAll (): void {
    for (const drop of [...this.#byDrop.keys()]) this.wake(drop)
  }
}
