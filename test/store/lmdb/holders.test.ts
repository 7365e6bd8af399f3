import type { Database, Key } from 'lmdb'
import t from 'tap'
import { Holders } from '../../../src/store/lmdb/holders.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { freshDirectory } from '../directory.js'

const limits = { maxMessages: 100, maxBoxBytes: 1_000_000, held: { boxes: 3, bytes: 100_000 } }
const large = { text: JSON.stringify('x'.repeat(9_998)), bytes: 10_000 }
const HOUR = 3_600_000

t.test('what a holder holds is known after reopening', async t => {
  const path = freshDirectory(t)
  const now = Date.now()
  const before = await lmdbStore({ path })
  for (const drop of ['drop_1', 'drop_2', 'drop_3']) await before.create(drop, HOUR, now, limits, 'holder')
  let stored = 0
  for (; await before.append('drop_1', large, now, limits).then(() => true, () => false); stored++);
  await before.close()

  const store = await lmdbStore({ path })
  t.teardown(() => store.close())
  await t.rejects(store.create('drop_4', HOUR, now, limits, 'holder'), { code: 'BOX_ERR_HELD' })
  await t.rejects(store.append('drop_2', large, now, limits), { code: 'BOX_ERR_HELD' })
  await store.create('drop_4', HOUR, now, limits, 'other')
  await store.delete('drop_1', now)
  await store.create('drop_5', HOUR, now, limits, 'holder')
  let again = 0
  for (; await store.append('drop_5', large, now, limits).then(() => true, () => false); again++);
  t.equal(again, stored)
})

t.test('sums computed in a shared transaction are correct', async t => {
  const store = await lmdbStore({ path: freshDirectory(t) })
  t.teardown(() => store.close())
  const now = Date.now()
  const { held: _, ...unbounded } = limits
  // The first two are in the same transaction as the one that asks for the sums.
  const outcomes = await Promise.allSettled([
    store.create('drop_1', HOUR, now, unbounded, 'holder'),
    store.create('drop_2', HOUR, now, unbounded, 'holder'),
    store.create('drop_3', HOUR, now, limits, 'holder'),
    store.create('drop_4', HOUR, now, limits, 'holder'),
    store.delete('drop_1', now),
    store.create('drop_5', HOUR, now, limits, 'holder')
  ])
  t.same(outcomes.map(({ status }) => status), ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})

t.test('beyond its maximum, it forgets only the oldest holder', async t => {
  const asked: string[] = []
  const getRange = ({ start: [holder] }: { start: [string] }) => {
    asked.push(holder)
    return []
  }
  const holders = new Holders({ getRange } as unknown as Database<string, Key>, () => undefined)
  for (let n = 0; n <= 10_000; n++) holders.holding(String(n))
  asked.length = 0
  for (const name of ['1', '5000', '10000', '0']) holders.holding(name)
  t.strictSame(asked, ['0'])
})
