import type { FastifyBaseLogger } from 'fastify'
import { Condition } from '../condition.js'
import { hasCode, isBoxError } from '../errors.js'
import type { Store } from '../store/store.js'
import { watchStore, type Ended } from '../store/watch.js'

const AWAY = 'BOX_ERR_STORE'
const FULL = 'BOX_ERR_STORE_FULL'
const BUSY = 'BOX_ERR_BUSY'

/** Whether the error belongs to a condition that is logged when it begins and ends, so that nothing else needs to report it. */
export function isOutage (error: unknown): boolean {
  return hasCode(error, AWAY) || hasCode(error, FULL) || hasCode(error, BUSY)
}

/** Wraps a store and logs when it stops responding, is full or has too much to do, and when that is over. */
export function logOutages (store: Store, log: FastifyBaseLogger, now?: () => number): Store {
  const away = new Condition(log, { level: 'error', begins: 'The store is not responding', ends: 'The store is responding again,' }, now)
  const full = new Condition(log, { level: 'error', begins: 'The store is full', ends: 'The store has space again,' }, now)
  const busy = new Condition(log, { level: 'warn', begins: 'The store has too much to do', ends: 'The store is keeping up again,' }, now)
  const used: Ended = error => {
    if (hasCode(error, AWAY)) away.met(error)
    // Where it was noticed says nothing. What a full disk or Redis said does.
    else if (hasCode(error, FULL)) full.met((error as Error).cause)
    else if (hasCode(error, BUSY)) busy.met(error)
    else if (error === undefined || isBoxError(error)) {
      away.notMet()
      busy.notMet()
    }
  }
  const stored: Ended = error => {
    used(error)
    if (error === undefined) full.notMet()
  }
  return watchStore(store, operation => operation === 'create' || operation === 'append' ? stored : used)
}
