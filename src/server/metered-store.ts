import { hasCode, isRefusal } from '../errors.js'
import { aroundStore, type Operation } from '../store/around.js'
import type { Store } from '../store/store.js'

/** `refused` is an answer of the rules (full, gone …); `failed` means that the store did not answer. */
type Outcome = 'ok' | 'refused' | 'failed'

export interface StoreMeter {
  observe (operation: Operation, outcome: Outcome, seconds: number): void
  /** a wait on a box began (1) or ended (-1) */
  waiting (change: 1 | -1): void
}

/** The same store, with the time of each operation told to `meter`. */
export function meterStore (store: Store, meter: StoreMeter): Store {
  const timed = aroundStore(store, async (operation, run) => {
    const start = performance.now()
    let outcome: Outcome = 'ok'
    try {
      return await run()
    } catch (error) {
      outcome = hasCode(error, 'BOX_ERR_STORE') || !isRefusal(error) ? 'failed' : 'refused'
      throw error
    } finally {
      meter.observe(operation, outcome, (performance.now() - start) / 1000)
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
