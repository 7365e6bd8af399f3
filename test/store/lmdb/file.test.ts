import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { dropAddress, newBoxId } from '../../../src/box/capability.js'
import { limits, message, start, TTL } from '../../../src/store/contract/boxes.js'
import { untilFull } from '../../../src/store/contract/define.js'
import { freshDirectory } from '../directory.js'

const CAP = 8 * 1024 * 1024
const cap = { maxMessages: 1e6, maxBoxBytes: 1e9, maxStoreBytes: CAP }

/** Lengths around those at which LMDB puts fewer records on a page, or gives one a page or two of its own. */
const LENGTHS = [2, 700, 1_300, 1_960, 1_975, 2_050, 4_010, 4_050, 8_150, 60_000]

for (const length of LENGTHS) {
  t.test(`the file of a store full of ${length}-byte messages is at most twice what is counted`, async t => {
    const path = freshDirectory(t)
    const store = await lmdbStore({ path })
    t.teardown(() => store.close())
    const drop = dropAddress(newBoxId())
    await store.create(drop, TTL, start, limits)
    const text = message(JSON.stringify('x'.repeat(length - 2)))
    const together = Math.ceil(200_000 / (length + 100))
    await untilFull(async () => { await Promise.all(Array.from({ length: together }, () => store.append(drop, text, start, cap))) })
    const { size } = statSync(join(path, 'data.mdb'))
    t.ok(size <= 2 * CAP, `${(size / CAP).toFixed(2)} times the cap`)
  })
}

t.test('a growing store maps its file only once', { skip: process.platform !== 'linux' }, async t => {
  const path = freshDirectory(t)
  const store = await lmdbStore({ path })
  t.teardown(() => store.close())
  const drop = dropAddress(newBoxId())
  await store.create(drop, TTL, start, limits)
  const text = message(JSON.stringify('x'.repeat(60_000)))
  for (let n = 0; n < 100; n++) await store.append(drop, text, start, cap)
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n').filter(line => line.endsWith(join(path, 'data.mdb')))
  t.equal(maps.length, 1)
})
