import type { FastifyBaseLogger } from 'fastify'
import { Condition } from '../condition.js'
import { hasCode, isRefusal } from '../errors.js'
import type { Store } from '../store/store.js'
import { watchStore, type Ended } from '../store/watch.js'

const AWAY = 'BOX_ERR_STORE'
const FULL = 'BOX_ERR_STORE_FULL'

/** Whether the error belongs to an outage that `logOutages` reports, so that nobody else needs to. */
export function isOutage (error: unknown): boolean {
  return hasCode(error, AWAY) || hasCode(error, FULL)
}

/** Wraps a store and logs when it stops responding or is full, and when that is over. */
export function logOutages (store: Store, log: FastifyBaseLogger, now?: () => number): Store {
  const away = new Condition(log, { level: 'error', begins: 'The store is not responding', ends: 'The store is responding again,' }, now)
  const full = new Condition(log, { level: 'error', begins: 'The store is full', ends: 'The store has space again,' }, now)
  const failed = (error: unknown): void => {
    if (hasCode(error, AWAY)) away.met(error)
    else if (hasCode(error, FULL)) full.met(error)
    else if (isRefusal(error)) away.notMet()
  }
  const used: Ended = error => {
    if (error === undefined) away.notMet()
    else failed(error)
  }
  const stored: Ended = error => {
    used(error)
    if (error === undefined) full.notMet()
  }
  return watchStore(store, operation => operation === 'create' || operation === 'append' ? stored : used)
}
