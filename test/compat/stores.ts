import { memoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'

/** A store, and the parameters of each call of its operations. */
export function watchedStore (kept = memoryStore()): { store: Store, calls: [operation: string, ...parameters: any[]][] } {
  const calls: [string, ...any[]][] = []
  const store = new Proxy(kept, {
    get: (_target, name: string) => {
      const member: unknown = kept[name as keyof Store]
      if (typeof member !== 'function') return member
      return (...parameters: unknown[]) => {
        calls.push([name, ...parameters])
        return member.apply(kept, parameters)
      }
    }
  })
  return { store, calls }
}

/** A store whose operations are preceded by something else, which may fail in their stead. */
export function changed (kept: Store, before: (operation: string, drop: string) => Promise<void>): Store {
  return new Proxy(kept, {
    get: (_target, name: string) => {
      const member: unknown = kept[name as keyof Store]
      if (typeof member !== 'function') return member
      return async (...parameters: unknown[]) => {
        await before(name, String(parameters[0]))
        return await member.apply(kept, parameters)
      }
    }
  })
}

/** A store that several servers in this process share, as they share a Redis. */
export function sharedStore (): Store {
  const store = memoryStore()
  return new Proxy(store, {
    get: (_target, name) => {
      if (name === 'close') return async () => {}
      const member = store[name as keyof Store]
      return typeof member === 'function' ? member.bind(store) : member
    }
  })
}
