import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { freshDirectory } from '../directory.js'

const LARGE = JSON.stringify('m'.repeat(100 * 1024))
const cap = { ...limits, maxMessageBytes: 2 * LARGE.length, maxBoxBytes: 8 * LARGE.length }

async function setUp (t: Test) {
  const store = await lmdbStore({ path: freshDirectory(t) })
  const drop = newDrop()
  await store.create(drop, TTL, start, cap)
  await store.append(drop, message(LARGE), start, cap)
  t.teardown(() => store.close())
  return { store, drop }
}

/** Reads several times at once. @returns the turns of the event loop in which the pages came */
async function turnsOfReads (read: () => Promise<unknown>): Promise<number[]> {
  let turn = 0
  let counting = true
  const count = (): void => {
    turn++
    if (counting) setImmediate(count)
  }
  count()
  const turns = await Promise.all(Array.from({ length: 5 }, async () => {
    await read()
    return turn
  }))
  counting = false
  return turns
}

t.test('large pages that are wanted at once come one per turn', async t => {
  const { store, drop } = await setUp(t)
  t.equal(new Set(await turnsOfReads(() => store.read(drop, 0, 10, start))).size, 5)
})

t.test('so do those of a box that is renewed by reading', async t => {
  const { store, drop } = await setUp(t)
  t.equal(new Set(await turnsOfReads(() => store.read(drop, 0, 10, start + TTL / 2))).size, 5)
})

t.test('so do those that wait for the same flush', async t => {
  const { store, drop } = await setUp(t)
  const appended = store.append(drop, message(LARGE), start, cap)
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(new Set(await turnsOfReads(() => store.read(drop, 0, 10, start))).size, 5)
  await appended
})

t.test('a page that is read while its box is renewed has what was stored meanwhile', async t => {
  const { store, drop } = await setUp(t)
  const reading = store.read(drop, 0, 10, start + TTL / 2)
  await store.append(drop, message('2'), start + TTL / 2, cap)
  const { texts, next, expires } = await reading
  t.equal(texts.length, next)
  t.equal(expires, start + TTL / 2 + TTL)
})

t.test('a reader that has everything, or wants nothing, waits for none of them', async t => {
  const { store, drop } = await setUp(t)
  const order: string[] = []
  const read = async (name: string, after: number, limit: number): Promise<void> => {
    await store.read(drop, after, limit, start)
    order.push(name)
  }
  await Promise.all([read('large', 0, 10), read('large', 0, 10), read('up to date', 1, 10), read('renewal', 0, 0)])
  t.same(order, ['up to date', 'renewal', 'large', 'large'])
})
