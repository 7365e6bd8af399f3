import type { Test } from 'tap'
import type { Store } from '../../src/store/store.js'
import { lifetimeContract } from './contract-lifetime.js'
import { limitContract } from './contract-limits.js'
import { messageContract } from './contract-messages.js'
import { wakeContract } from './contract-wakes.js'

export type MakeStore = (t: Test) => Promise<Store>

/** Adds a test on a fresh store, where the store has the trait it is about. */
export type Define = (name: string, run: (t: Test, store: Store) => Promise<void>, trait?: boolean) => void

export interface Traits {
  /** Expiry is decided by the times that are handed in and nothing else. */
  turnsTime?: boolean
  /** `maxStoreBytes` is kept. */
  countsBytes?: boolean
  /** Expired boxes go by `sweep`, and not by themselves. */
  sweeps?: boolean
}

/** What every store keeps of the contract in `store.ts`. `makeStore` gives a fresh one; the suite closes it. */
export function contractSuite (t: Test, makeStore: MakeStore, { turnsTime = true, countsBytes = true, sweeps = true }: Traits = {}): void {
  const test: Define = (name, run, trait = true) => {
    if (!trait) return
    void t.test(name, async t => {
      const store = await makeStore(t)
      t.teardown(() => store.close())
      await run(t, store)
    })
  }
  messageContract(test)
  limitContract(test)
  lifetimeContract(test, { turnsTime, countsBytes, sweeps })
  wakeContract(test, turnsTime)
}
