import { hasCode } from '../errors.js'
import { endOfTurn } from '../end-of-turn.js'
import { aroundStore } from './around.js'
import type { Store } from './store.js'

/**
 * The same store, which refuses nothing for lack of room, its own or a holder's, while it still has
 * expired boxes to free. A step of the sweep is one for all who ask for it meanwhile, and other
 * work has its turn after it.
 */
export function withRoom (store: Store): Store {
  let step: Promise<number> | undefined
  const sweep = (now: number): Promise<number> => {
    step ??= store.sweep(now).finally(endOfTurn).finally(() => { step = undefined })
    return step
  }
  async function retry<T> (use: () => Promise<T>, now: number): Promise<T> {
    for (;;) {
      try {
        return await use()
      } catch (error) {
        const lacksRoom = hasCode(error, 'BOX_ERR_STORE_FULL') || hasCode(error, 'BOX_ERR_HELD')
        if (!lacksRoom || await sweep(now) === 0) throw error
      }
    }
  }
  return {
    ...aroundStore(store, (_operation, run) => run()),
    create: (drop, ttl, now, limits, holder) => retry(() => store.create(drop, ttl, now, limits, holder), now),
    append: (drop, message, now, limits) => retry(() => store.append(drop, message, now, limits), now),
    sweep
  }
}
