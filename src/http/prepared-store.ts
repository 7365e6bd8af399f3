import type { FastifyInstance } from 'fastify'
import type { Store } from '../store/store.js'
import { withSpace } from '../store/with-space.js'
import { logOutages } from './outages.js'

/** What the plugins of each server have made of their stores. */
const prepared = new WeakMap<FastifyInstance['server'], WeakMap<Store, Store>>()

/**
 * A store as a plugin uses it. Plugins of a server that are given the same store share the result, so that an outage
 * is logged once, and the store is swept once.
 */
export function prepareStore (app: FastifyInstance, given: Store): Store {
  const stores = prepared.get(app.server) ?? new WeakMap<Store, Store>()
  prepared.set(app.server, stores)
  const store = stores.get(given) ?? logOutages(withSpace(given), app.log)
  stores.set(given, store)
  return store
}
