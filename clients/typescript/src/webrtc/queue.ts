/**
 * An asynchronous queue, read with `for await`. Bounded: `push` refuses when nobody reads. A loop may be left
 * and started again; it continues where the last one stopped.
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #waiting: (() => void)[] = []
  #end: { error?: unknown } | undefined

  constructor (private readonly limit = 1024) {}

  /** Returns false, and adds nothing, if the queue is full or has ended. */
  push (item: T): boolean {
    if (this.#end !== undefined || this.#items.length >= this.limit) return false
    this.#items.push(item)
    this.#wake()
    return true
  }

  /** Ends the loop after the items already queued; with an error, the loop throws it. The first end counts. */
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
