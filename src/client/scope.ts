/**
 * A stretch of work and the signal that ends it: when a parent aborts, when a
 * deadline passes, or when the work is done. It leaves no listener and no timer
 * behind, which `AbortSignal.any` and `AbortSignal.timeout` do.
 */
export class Scope {
  readonly #controller = new AbortController()
  readonly #unlink: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (...parents: (AbortSignal | undefined)[]) {
    for (const parent of parents) {
      if (parent === undefined) continue
      const follow = () => this.end(parent.reason)
      if (parent.aborted) return follow()
      parent.addEventListener('abort', follow)
      this.#unlink.push(() => parent.removeEventListener('abort', follow))
    }
  }

  /** Does the work in a scope of its own, which ends with it, with a parent, or after `ms`. */
  static async run<T> (parents: (AbortSignal | undefined)[], work: (scope: Scope) => PromiseLike<T>, ms?: number): Promise<T> {
    const scope = new Scope(...parents)
    scope.deadline(ms)
    try {
      scope.signal.throwIfAborted()
      return await scope.race(work(scope))
    } finally {
      scope.end()
    }
  }

  get signal () { return this.#controller.signal }

  /** Ends the work in `ms` from now; replaces an earlier deadline, and without `ms` only forgets it. */
  deadline (ms?: number) {
    clearTimeout(this.#timer)
    if (ms === undefined || this.signal.aborted) return
    this.#timer = setTimeout(() => this.end(new DOMException('No answer in time', 'TimeoutError')), ms)
  }

  /** Resolves as the promise does, or rejects with the signal's reason if that comes first. */
  async race<T> (promise: PromiseLike<T>): Promise<T> {
    let stop!: () => void
    const aborted = new Promise<never>((_resolve, reject) => {
      stop = () => reject(this.signal.reason)
      if (this.signal.aborted) stop()
      this.signal.addEventListener('abort', stop)
    })
    try {
      return await Promise.race([promise, aborted])
    } finally {
      this.signal.removeEventListener('abort', stop)
    }
  }

  async pause (ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      await this.race(new Promise<void>(resolve => { timer = setTimeout(resolve, ms) }))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the work. Idempotent; the first reason stays. */
  end (reason?: unknown) {
    clearTimeout(this.#timer)
    for (const unlink of this.#unlink.splice(0)) unlink()
    this.#controller.abort(reason)
  }
}
