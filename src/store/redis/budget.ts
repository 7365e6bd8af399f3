/** Shares a number of bytes, first come, first served. A request for more than the total waits until it can have all of it. */
export class Budget {
  readonly #total: number
  readonly #queue: Array<{ bytes: number, pass: () => void }> = []
  #free: number

  constructor (total: number) {
    this.#total = total
    this.#free = total
  }

  /** Resolves when there is room, with a function to be called once that gives it back. */
  async take (bytes: number): Promise<() => void> {
    const share = Math.min(bytes, this.#total)
    await new Promise<void>(resolve => {
      this.#queue.push({ bytes: share, pass: resolve })
      this.#next()
    })
    return () => {
      this.#free += share
      this.#next()
    }
  }

  #next (): void {
    for (let first = this.#queue[0]; first !== undefined && first.bytes <= this.#free; first = this.#queue[0]) {
      this.#queue.shift()
      this.#free -= first.bytes
      first.pass()
    }
  }
}
