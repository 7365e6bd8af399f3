import type { Store } from '../store.js'
import type { Define, Traits } from './define.js'
import { counterContract } from './counter.js'
import { holderContract } from './holders.js'
import { lifetimeContract } from './lifetime.js'
import { limitContract } from './limits.js'
import { messageContract } from './messages.js'
import { openingContract } from './opening.js'
import { roomContract } from './rooms.js'
import { wakeContract } from './wakes.js'

export type { Traits } from './define.js'

export interface ContractTest {
  name: string
  /** Runs the test on a fresh store and closes it. Rejects with an `AssertionError` if the store breaks the contract. */
  run: (makeStore: () => Store | Promise<Store>) => Promise<void>
}

/** The contract of a store, as tests for any test runner. */
export function storeContract ({ turnsTime = true, countsBytes = true, sweeps = true, hasCounter = false, freeBytes = 0 }: Traits = {}): ContractTest[] {
  const traits = { turnsTime, countsBytes, sweeps, hasCounter, freeBytes }
  const tests: ContractTest[] = []
  const test: Define = (name, check, trait = true) => {
    if (trait) tests.push({ name, run: makeStore => onFresh(makeStore, check) })
  }
  messageContract(test)
  limitContract(test)
  lifetimeContract(test, traits)
  holderContract(test, traits)
  openingContract(test, traits)
  roomContract(test, traits)
  wakeContract(test)
  counterContract(test, traits)
  return tests
}

async function onFresh (makeStore: () => Store | Promise<Store>, check: (store: Store) => Promise<void>): Promise<void> {
  const store = await makeStore()
  try {
    await check(store)
  } finally {
    await store.close()
  }
}
