import { hasCode, isBoxError } from '../errors.js'
import type { Store } from '../store/store.js'
import { watchStore, type StoreOperation } from '../store/watch.js'

/**
 * `refused`: the rules said no (a full or unknown box …). `full`: the store has no space, at least until expired boxes
 * are freed. `failed`: it did not respond, or had too much to do.
 */
type Outcome = 'ok' | 'refused' | 'full' | 'failed'

export interface StoreMeter {
  observe (operation: StoreOperation, outcome: Outcome, seconds: number): void
  /** a subscription to a box began (1) or ended (-1) */
  waiting (change: 1 | -1): void
}

/** Wraps a store and reports the duration of every operation to `meter`. */
export function meterStore (store: Store, meter: StoreMeter): Store {
  const timed = watchStore(store, operation => {
    const start = performance.now()
    return error => {
      const seconds = (performance.now() - start) / 1000
      meter.observe(operation, error === undefined ? 'ok' : outcomeOf(error), seconds)
    }
  })
  return {
    ...timed,
    async subscribe (drop, listener) {
      const unsubscribe = await timed.subscribe(drop, listener)
      meter.waiting(1)
      return () => {
        unsubscribe()
        meter.waiting(-1)
      }
    }
  }
}

function outcomeOf (error: unknown): Outcome {
  if (hasCode(error, 'BOX_ERR_STORE_FULL')) return 'full'
  return hasCode(error, 'BOX_ERR_STORE') || hasCode(error, 'BOX_ERR_BUSY') || !isBoxError(error) ? 'failed' : 'refused'
}
