import { BusyError } from '../../errors.js'

interface Waiting {
  bytes: number
  pass: () => void
}

/** Shares a number of bytes, first come, first served. A request for more than the total waits until it can have all of it. */
export class Budget {
  readonly #total: number
  readonly #queue = new Set<Waiting>()
  #free: number

  constructor (total: number) {
    this.#total = total
    this.#free = total
  }

  /**
   * Resolves when there is room, with a function to be called once that gives it back.
   * @throws BusyError if there is none within `ms`
   */
  async take (bytes: number, ms: number): Promise<() => void> {
    const share = Math.min(bytes, this.#total)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#queue.delete(waiting)
        reject(new BusyError())
        this.#next()
      }, ms)
      const waiting = { bytes: share, pass: () => { clearTimeout(timer); resolve() } }
      this.#queue.add(waiting)
      this.#next()
    })
    return () => {
      this.#free += share
      this.#next()
    }
  }

  #next (): void {
    for (const first of this.#queue) {
      if (first.bytes > this.#free) return
      this.#queue.delete(first)
      this.#free -= first.bytes
      first.pass()
    }
  }
}
