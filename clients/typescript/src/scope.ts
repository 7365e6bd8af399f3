/**
 * A stretch of work and the signal that ends it: when a caller's signal aborts, when
 * the whole that it is a part of ends, when a deadline passes, or when the work is
 * done. It leaves nothing behind on a signal that lives on, which `AbortSignal.any` does.
 */
export class Scope {
  readonly #controller = new AbortController()
  readonly #parts = new Set<Scope>()
  readonly #wholes: Scope[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param whole what this is a part of */
  constructor (whole?: Scope, signal?: AbortSignal) {
    if (whole !== undefined) this.#wholes.push(whole)
    if (signal !== undefined) this.#wholes.push(scopeOf(signal))
    for (const whole of this.#wholes) whole.#parts.add(this)
    for (const { signal } of this.#wholes) if (signal.aborted) this.end(signal.reason)
  }

  /** Does the work in a scope of its own, which also ends with the work, and after `ms`. */
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
    for (const whole of this.#wholes) whole.#parts.delete(this)
    this.#controller.abort(reason)
    for (const part of this.#parts) part.end(this.signal.reason)
  }
}

/** One scope and one listener for a signal, however much depends on it: Node warns of a leak at eleven. */
const scopes = new WeakMap<AbortSignal, Scope>()

function scopeOf (signal: AbortSignal): Scope {
  const known = scopes.get(signal)
  if (known !== undefined) return known
  const scope = new Scope()
  const end = () => { scope.end(signal.reason) }
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  scopes.set(signal, scope)
  return scope
}
