import type { Store, Unsubscribe } from '../store/store.js'
import { StoreError } from '../errors.js'

/** `refused` is an answer of the rules (full, gone …); `failed` means that the store did not answer. */
type Outcome = 'ok' | 'refused' | 'failed'

export interface StoreMeter {
  observe (operation: string, outcome: Outcome, seconds: number): void
  /** a wait on a box began (1) or ended (-1) */
  waiting (change: 1 | -1): void
}

/** The same store, with the time of each operation told to `meter`. */
export function meterStore (store: Store, meter: StoreMeter): Store {
  async function timed<T> (operation: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now()
    let outcome: Outcome = 'ok'
    try {
      return await run()
    } catch (error) {
      outcome = error instanceof StoreError || !hasBoxCode(error) ? 'failed' : 'refused'
      throw error
    } finally {
      meter.observe(operation, outcome, (performance.now() - start) / 1000)
    }
  }

  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    create: (...args) => timed('create', () => store.create(...args)),
    append: (...args) => timed('append', () => store.append(...args)),
    read: (...args) => timed('read', () => store.read(...args)),
    acknowledge: (...args) => timed('acknowledge', () => store.acknowledge(...args)),
    drain: (...args) => timed('drain', () => store.drain(...args)),
    delete: (...args) => timed('delete', () => store.delete(...args)),
    sweep: (...args) => timed('sweep', () => store.sweep(...args)),
    check: () => timed('check', () => store.check()),
    close: () => store.close(),
    async subscribe (drop, listener): Promise<Unsubscribe> {
      const unsubscribe = await timed('subscribe', () => store.subscribe(drop, listener))
      meter.waiting(1)
      return () => {
        unsubscribe()
        meter.waiting(-1)
      }
    }
  }
}

function hasBoxCode (error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('BOX_ERR_')
}
