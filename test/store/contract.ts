import type { Test } from 'tap'
import { storeContract, type Traits } from '../../src/store/contract/index.js'
import type { Store } from '../../src/store/store.js'
import { modelTest, type HeldCosts } from './model.js'

export type MakeStore = (t: Test) => Promise<Store>

/** The contract that is exported, and beyond it a search at random. `makeStore` gives a fresh store; `costs` are what it counts. */
export function contractSuite (t: Test, makeStore: MakeStore, traits: Traits = {}, costs?: HeldCosts): void {
  for (const { name, run } of storeContract(traits)) {
    void t.test(name, async t => { await t.resolves(run(() => makeStore(t))) })
  }
  void t.test('any sequence of operations behaves like a list in memory', async t => {
    const store = await makeStore(t)
    t.teardown(() => store.close())
    await t.resolves(modelTest(store, { ...traits, costs }))
  })
}
