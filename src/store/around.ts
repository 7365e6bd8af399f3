import type { Store } from './store.js'

export type Operation = 'create' | 'append' | 'read' | 'acknowledge' | 'drain' | 'delete' | 'subscribe' | 'sweep' | 'check'

/** The same store, each of whose operations is run by `around`. */
export function aroundStore (store: Store, around: <T>(operation: Operation, run: () => Promise<T>) => Promise<T>): Store {
  return {
    name: store.name,
    ...(store.counter === undefined ? {} : { counter: store.counter }),
    create: (...args) => around('create', () => store.create(...args)),
    append: (...args) => around('append', () => store.append(...args)),
    read: (...args) => around('read', () => store.read(...args)),
    acknowledge: (...args) => around('acknowledge', () => store.acknowledge(...args)),
    drain: (...args) => around('drain', () => store.drain(...args)),
    delete: (...args) => around('delete', () => store.delete(...args)),
    subscribe: (...args) => around('subscribe', () => store.subscribe(...args)),
    sweep: (...args) => around('sweep', () => store.sweep(...args)),
    check: () => around('check', () => store.check()),
    close: () => store.close()
  }
}
