/**
 * What comes in, until it is taken out by `for await`. Bounded: `push` refuses when nobody takes.
 * A loop may be left and begun again; it goes on where the last one was.
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #waiting: (() => void)[] = []
  #end: { error?: unknown } | undefined

  constructor (private readonly limit = 1024) {}

  /** False, and nothing is taken, when it is full or has ended. */
  push (item: T): boolean {
    if (this.#end !== undefined || this.#items.length >= this.limit) return false
    this.#items.push(item)
    this.#wake()
    return true
  }

  /** Ends the loop after what is in already; with an error, the loop throws it. The first end counts. */
  end (error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error }
    this.#wake()
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<T, void> {
    for (;;) {
      if (this.#items.length > 0) {
        yield this.#items.shift() as T
      } else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return
      } else {
        await new Promise<void>(resolve => { this.#waiting.push(resolve) })
      }
    }
  }

  #wake () {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
