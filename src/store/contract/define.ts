import assert from 'node:assert/strict'
import type { Store } from '../store.js'

/** What holds for a store, where stores differ. All of it, where nothing is said. */
export interface Traits {
  /** Expiry is decided by the times that are handed in and nothing else. */
  turnsTime?: boolean
  /** `maxStoreBytes` is kept. */
  countsBytes?: boolean
  /** Expired boxes go by `sweep`, and not by themselves. */
  sweeps?: boolean
  /** Bytes that a box may hold without being counted against its holder. */
  freeBytes?: number
}

/** Adds a test on a fresh store, where the store has the trait it is about. */
export type Define = (name: string, run: (store: Store) => Promise<void>, trait?: boolean) => void

/** That a value has these members; it may have others. */
export function assertHas<T extends object> (actual: T, expected: Partial<T>): void {
  const found = Object.fromEntries(Object.keys(expected).map(name => [name, actual[name as keyof T]]))
  assert.deepEqual(found, expected)
}

/** How often `act` succeeds before the store is full. */
export async function untilFull (act: () => Promise<unknown>): Promise<number> {
  for (let count = 0; count < 1_000_000; count++) {
    try {
      await act()
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'BOX_ERR_STORE_FULL')
      return count
    }
  }
  assert.fail('the store never became full')
}
