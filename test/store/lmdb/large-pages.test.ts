import t, { type Test } from 'tap'
import { limits, message, newDrop, start, TTL } from '../../../src/store/contract/boxes.js'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import type { Store } from '../../../src/store/store.js'
import { freshDirectory } from '../directory.js'
import { LARGE, largeBox, largePagesSuite, turnsOfReads } from '../large-pages.js'

const open = async (t: Test): Promise<Store> => await lmdbStore({ path: freshDirectory(t) })

largePagesSuite(t, open)

t.test('large pages that wait for the same flush come one per turn, too', async t => {
  const { store, drop } = await largeBox(t, open)
  const appended = store.append(drop, message(LARGE), start, limits)
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(new Set(await turnsOfReads(store, drop)).size, 5)
  await appended
})

t.test('so do those of a box that becomes large while it is renewed', async t => {
  const store = await open(t)
  t.teardown(() => store.close())
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  const now = start + TTL / 2
  const turns = turnsOfReads(store, drop, now)
  await store.append(drop, message(LARGE), now, limits)
  t.equal((await store.read(drop, 0, 10, now)).texts.length, 1)
  t.equal(new Set(await turns).size, 5)
})
