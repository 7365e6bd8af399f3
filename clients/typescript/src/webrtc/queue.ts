/**
 * An asynchronous queue, read with `for await`. Bounded: `push` refuses when nobody reads. You can leave a loop
 * and start another; it continues where the last one stopped.
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #items: { item: T, size: number }[] = []
  #size = 0
  readonly #waiting: (() => void)[] = []
  #end: { error?: unknown } | undefined

  /**
   * @param limit the most items it holds
   * @param maxSize their largest total size
   */
  constructor (private readonly limit = 1024, private readonly maxSize = Infinity) {}

  /** Returns false, and adds nothing, if the queue is full or has ended. */
  push (item: T, size = 0): boolean {
    if (this.#end !== undefined || this.#items.length >= this.limit || this.#size + size > this.maxSize) return false
    this.#items.push({ item, size })
    this.#size += size
    this.#wake()
    return true
  }

  /** Ends the loop after the items already queued; with an error, the loop throws it. Only the first end counts. */
  end (error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error }
    this.#wake()
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<T, void> {
    for (;;) {
      const next = this.#items.shift()
      if (next !== undefined) {
        this.#size -= next.size
        yield next.item
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
