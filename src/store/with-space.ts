import { hasCode } from '../errors.js'
import { endOfTurn } from '../end-of-turn.js'
import type { Store } from './store.js'

/**
 * Wraps a store so that it refuses nothing for lack of space, its own or a holder's, while it still has expired
 * boxes to free. Concurrent callers share a step of the sweep, and other work can run after each step.
 */
export function withSpace (store: Store): Store {
  let step: Promise<number> | undefined
  const sweep = (now: number): Promise<number> => {
    step ??= store.sweep(now).finally(endOfTurn).finally(() => { step = undefined })
    return step
  }
  /** Sweeps and tries again for as long as that may help. */
  async function retry<T> (error: unknown, use: () => Promise<T>, now: number): Promise<T> {
    for (;;) {
      const lacksSpace = hasCode(error, 'BOX_ERR_STORE_FULL') || hasCode(error, 'BOX_ERR_HELD')
      if (!lacksSpace || await sweep(now) === 0) throw error
      try {
        return await use()
      } catch (again) {
        error = again
      }
    }
  }
  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    ...(store.watchExpiry === undefined ? {} : { watchExpiry: store.watchExpiry.bind(store) }),
    create (drop, ttl, now, limits, holder, keep) {
      const use = () => store.create(drop, ttl, now, limits, holder, keep)
      return use().catch(error => retry(error, use, now))
    },
    open (drop, ttl, now, limits, holder, keep) {
      const use = () => store.open(drop, ttl, now, limits, holder, keep)
      return use().catch(error => retry(error, use, now))
    },
    append (drop, message, now, limits) {
      const use = () => store.append(drop, message, now, limits)
      return use().catch(error => retry(error, use, now))
    },
    read: (drop, after, limit, now) => store.read(drop, after, limit, now),
    acknowledge: (drop, after, now) => store.acknowledge(drop, after, now),
    drain: (drop, now, most) => store.drain(drop, now, most),
    delete: (drop, now) => store.delete(drop, now),
    subscribe: (drop, listener) => store.subscribe(drop, listener),
    sweep,
    check: () => store.check(),
    close: () => store.close()
  }
}
