import type { Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../src/store/contract/boxes.js'
import type { Store } from '../../src/store/store.js'
import type { MakeStore } from './contract.js'

export const LARGE = JSON.stringify('m'.repeat(100 * 1024))

/** A box with one large message. */
export async function largeBox (t: Test, makeStore: MakeStore) {
  const store = await makeStore(t)
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  await store.append(drop, message(LARGE), start, limits)
  return { store, drop }
}

/** Reads everything several times at once. @returns the turns of the event loop in which the pages came */
export async function turnsOfReads (store: Store, drop: string, now = start): Promise<number[]> {
  let turn = 0
  let counting = true
  const count = (): void => {
    turn++
    if (counting) setImmediate(count)
  }
  count()
  const turns = await Promise.all(Array.from({ length: 5 }, async () => {
    await store.read(drop, 0, 10, now)
    return turn
  }))
  counting = false
  return turns
}

/** What stores in this process have in common. */
export function largePagesSuite (t: Test, makeStore: MakeStore): void {
  void t.test('large pages that are wanted at once come one per turn', async t => {
    const { store, drop } = await largeBox(t, makeStore)
    t.equal(new Set(await turnsOfReads(store, drop)).size, 5)
  })

  void t.test('so do those of a box that is renewed by reading', async t => {
    const { store, drop } = await largeBox(t, makeStore)
    t.equal(new Set(await turnsOfReads(store, drop, start + TTL / 2)).size, 5)
  })

  void t.test('a reader that has everything, or wants nothing, waits for none of them', async t => {
    const { store, drop } = await largeBox(t, makeStore)
    const order: string[] = []
    const read = async (name: string, after: number, limit: number): Promise<void> => {
      await store.read(drop, after, limit, start)
      order.push(name)
    }
    await Promise.all([read('large', 0, 10), read('large', 0, 10), read('up to date', 1, 10), read('renewal', 0, 0)])
    t.same(order, ['up to date', 'renewal', 'large', 'large'])
  })

  void t.test('a large page and its cursor agree, whatever is stored while it waits', async t => {
    const { store, drop } = await largeBox(t, makeStore)
    const reading = store.read(drop, 0, 10, start + TTL / 2)
    await store.append(drop, message('2'), start + TTL / 2, limits)
    const { texts, next, expires } = await reading
    t.equal(texts.length, next)
    t.equal(expires, start + TTL / 2 + TTL)
  })
}
