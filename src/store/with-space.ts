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
  /** After a lack of space, sweeps and tries again for as long as that may help. */
  async function retrying<T> (use: () => Promise<T>, now: number): Promise<T> {
    for (;;) {
      try {
        return await use()
      } catch (error) {
        const lacksSpace = hasCode(error, 'BOX_ERR_STORE_FULL') || hasCode(error, 'BOX_ERR_HELD')
        if (!lacksSpace || await sweep(now) === 0) throw error
      }
    }
  }
  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    ...(store.watchExpiry === undefined ? {} : { watchExpiry: store.watchExpiry.bind(store) }),
    create: (drop, ttl, now, limits, holder, keep) => retrying(() => store.create(drop, ttl, now, limits, holder, keep), now),
    open: (drop, ttl, now, limits, holder, keep) => retrying(() => store.open(drop, ttl, now, limits, holder, keep), now),
    append: (drop, message, now, limits) => retrying(() => store.append(drop, message, now, limits), now),
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
