import { join } from 'node:path'
import t from 'tap'
import { freeSpaceOf } from '../../../src/store/lmdb/free-space.js'
import { freshDirectory } from '../directory.js'

t.test('a disk says how much space is free', async t => {
  const free = freeSpaceOf(freshDirectory(t))
  t.ok(Number.isFinite(free) && free > 0)
})

t.test('what does not say has no end', async t => {
  t.equal(freeSpaceOf(join(freshDirectory(t), 'missing')), Infinity)
  if (process.platform === 'linux') t.equal(freeSpaceOf('/proc'), Infinity, 'a file system without a size')
})
