/** A longer timer, of more than about 24 days, fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Whether a deadline has passed. */
export function isTimeout (error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}

/**
 * A unit of work and its AbortSignal. The signal aborts when the caller's signal aborts, when the parent
 * scope ends, when a deadline passes, or when the work is done. Unlike `AbortSignal.any`, a scope leaves
 * nothing behind on a signal that outlives it.
 */
export class Scope {
  readonly #controller = new AbortController()
  readonly #children = new Set<Scope>()
  readonly #parents: Scope[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (parent?: Scope, signal?: AbortSignal) {
    if (parent !== undefined) this.#parents.push(parent)
    if (signal !== undefined) this.#parents.push(scopeOf(signal))
    for (const parent of this.#parents) parent.#children.add(this)
    for (const { signal } of this.#parents) if (signal.aborted) this.end(signal.reason)
  }

  /** Runs the work in a new scope, which ends with the work or after `ms`. */
  static async run<T> (parent: Scope | undefined, signal: AbortSignal | undefined, work: (scope: Scope) => PromiseLike<T>, ms?: number): Promise<T> {
    const scope = new Scope(parent, signal)
    scope.deadline(ms)
    try {
      scope.signal.throwIfAborted()
      return await scope.race(work(scope))
    } finally {
      scope.end()
    }
  }

  /** Waits until the promise settles, in whatever way, but no longer than `ms`. */
  static async settled (promise: PromiseLike<unknown>, ms: number): Promise<void> {
    await Scope.run(undefined, undefined, () => promise, ms).catch(() => {})
  }

  get signal () { return this.#controller.signal }

  /** Ends the scope `ms` from now. Replaces an earlier deadline; without `ms`, or if it is several weeks, only removes that. */
  deadline (ms = Infinity) {
    clearTimeout(this.#timer)
    if (ms > LONGEST_TIMER || this.signal.aborted) return
    this.#timer = setTimeout(() => this.end(new DOMException('No response in time', 'TimeoutError')), ms)
  }

  /** Settles like the promise, or rejects with the signal's reason if that comes first. */
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

  async sleep (ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      await this.race(new Promise<void>(resolve => { timer = setTimeout(resolve, ms) }))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the scope and its children. Idempotent; the first reason stays. */
  end (reason?: unknown) {
    clearTimeout(this.#timer)
    for (const parent of this.#parents) parent.#children.delete(this)
    this.#controller.abort(reason)
    for (const child of this.#children) child.end(this.signal.reason)
  }
}

/** One scope, and so one listener, per signal, however many scopes depend on it: Node warns of a leak at eleven listeners. */
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
