import t, { type Test } from 'tap'
import { limits, message, start } from '../../../src/store/contract/boxes.js'
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
