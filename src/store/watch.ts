import type { Store } from './store.js'

export type StoreOperation = 'create' | 'open' | 'append' | 'read' | 'acknowledge' | 'drain' | 'delete' | 'subscribe' | 'sweep' | 'check'

/** Called when an operation has ended, with its error if it failed. */
export type Ended = (error?: unknown) => void

/**
 * Wraps a store to watch its operations.
 * @param begin called when an operation begins; its result is called when the operation ends
 */
export function watchStore (store: Store, begin: (operation: StoreOperation) => Ended): Store {
  const watched = async <T>(operation: StoreOperation, run: () => Promise<T>): Promise<T> => {
    const ended = begin(operation)
    try {
      const value = await run()
      ended()
      return value
    } catch (error) {
      ended(error)
      throw error
    }
  }
  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    ...(store.watchExpiry === undefined ? {} : { watchExpiry: store.watchExpiry.bind(store) }),
    create: (...args) => watched('create', () => store.create(...args)),
    open: (...args) => watched('open', () => store.open(...args)),
    append: (drop, message, now, limits) => watched('append', () => store.append(drop, message, now, limits)),
    read: (drop, after, limit, now) => watched('read', () => store.read(drop, after, limit, now)),
    acknowledge: (drop, after, now) => watched('acknowledge', () => store.acknowledge(drop, after, now)),
    drain: (drop, now, most) => watched('drain', () => store.drain(drop, now, most)),
    delete: (drop, now) => watched('delete', () => store.delete(drop, now)),
    subscribe: (drop, listener) => watched('subscribe', () => store.subscribe(drop, listener)),
    sweep: now => watched('sweep', () => store.sweep(now)),
    check: () => watched('check', () => store.check()),
    close: () => store.close()
  }
}
