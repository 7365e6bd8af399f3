import type { Store } from './store.js'

export type Operation = 'create' | 'append' | 'read' | 'acknowledge' | 'drain' | 'delete' | 'subscribe' | 'sweep' | 'check'

/** Called when an operation has ended, with its error if it failed. */
export type Ended = (error?: unknown) => void

/**
 * Wraps a store to watch its operations. They are spelled out one by one, so that a request, which passes
 * several such wrappers, needs no closures or argument lists for them.
 * @param begin called when an operation begins; its result is called when the operation ends
 */
export function watchStore (store: Store, begin: (operation: Operation) => Ended): Store {
  const watched = async <T>(ended: Ended, result: Promise<T>): Promise<T> => {
    try {
      const value = await result
      ended()
      return value
    } catch (error) {
      ended(error)
      throw error
    }
  }
  return {
    ...delegate(store),
    create: (drop, ttl, now, limits, holder) => watched(begin('create'), store.create(drop, ttl, now, limits, holder)),
    append: (drop, message, now, limits) => watched(begin('append'), store.append(drop, message, now, limits)),
    read: (drop, after, limit, now) => watched(begin('read'), store.read(drop, after, limit, now)),
    acknowledge: (drop, after, now) => watched(begin('acknowledge'), store.acknowledge(drop, after, now)),
    drain: (drop, now, most) => watched(begin('drain'), store.drain(drop, now, most)),
    delete: (drop, now) => watched(begin('delete'), store.delete(drop, now)),
    subscribe: (drop, listener) => watched(begin('subscribe'), store.subscribe(drop, listener)),
    sweep: now => watched(begin('sweep'), store.sweep(now)),
    check: () => watched(begin('check'), store.check())
  }
}

/** The same store as an object whose operations can be replaced one by one. */
export function delegate (store: Store): Store {
  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    create: (drop, ttl, now, limits, holder) => store.create(drop, ttl, now, limits, holder),
    append: (drop, message, now, limits) => store.append(drop, message, now, limits),
    read: (drop, after, limit, now) => store.read(drop, after, limit, now),
    acknowledge: (drop, after, now) => store.acknowledge(drop, after, now),
    drain: (drop, now, most) => store.drain(drop, now, most),
    delete: (drop, now) => store.delete(drop, now),
    subscribe: (drop, listener) => store.subscribe(drop, listener),
    sweep: now => store.sweep(now),
    check: () => store.check(),
    close: () => store.close()
  }
}
