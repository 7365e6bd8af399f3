/**
 * A stretch of work and the signal that ends it: when a caller's signal aborts, when
 * the whole that it is a part of ends, when a deadline passes, or when the work is
 * done. It leaves no listener and no timer behind, which `AbortSignal.any` and
 * `AbortSignal.timeout` do.
 */
export class Scope {
  readonly #controller = new AbortController()
  readonly #parts = new Set<Scope>()
  #unlink = () => {}
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param whole what this is a part of */
  constructor (whole?: Scope, signal?: AbortSignal) {
    const follow = () => this.end((signal?.aborted ? signal : whole?.signal)?.reason)
    // A signal warns of a leak when more than ten listen, so a scope keeps its parts itself.
    if (whole !== undefined) whole.#parts.add(this)
    signal?.addEventListener('abort', follow)
    this.#unlink = () => {
      if (whole !== undefined) whole.#parts.delete(this)
      signal?.removeEventListener('abort', follow)
    }
    if (whole?.signal.aborted || signal?.aborted) follow()
  }

  /** Does the work in a part of its own, which ends with the work or after `ms`. */
  static async run<T> (whole: Scope | undefined, signal: AbortSignal | undefined, work: (scope: Scope) => PromiseLike<T>, ms?: number): Promise<T> {
    const scope = new Scope(whole, signal)
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

  /** Ends the work and its parts. Idempotent; the first reason stays. */
  end (reason?: unknown) {
    clearTimeout(this.#timer)
    this.#unlink()
    this.#controller.abort(reason)
    for (const part of this.#parts) part.end(this.signal.reason)
  }
}
