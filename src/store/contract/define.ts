import assert from 'node:assert/strict'
import type { Store } from '../store.js'

/** Traits in which stores differ. Default: all of them but `hasCounter`. */
export interface Traits {
  /** Expiry depends only on the times passed in. */
  turnsTime?: boolean
  /** Enforces `maxStoreBytes`. */
  countsBytes?: boolean
  /** Expired boxes are freed by `sweep` only. */
  sweeps?: boolean
  /** Has a `counter`. */
  hasCounter?: boolean
  /** How many bytes a box may hold that do not count against its holder. */
  freeBytes?: number
}

/** Adds a test on a fresh store, if the store has the trait. */
export type Define = (name: string, run: (store: Store) => Promise<void>, trait?: boolean) => void

/** Asserts that a value has these members; it may have others. */
export function assertHas<T extends object> (actual: T, expected: Partial<T>): void {
  const found = Object.fromEntries(Object.keys(expected).map(name => [name, actual[name as keyof T]]))
  assert.deepEqual(found, expected)
}

/** Counts how often `act` succeeds before the store is full. */
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
