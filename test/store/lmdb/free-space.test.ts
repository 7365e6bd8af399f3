import { join } from 'node:path'
import t from 'tap'
import { freeSpaceOf } from '../../../src/store/lmdb/free-space.js'
import { freshDirectory } from '../directory.js'

t.test('the free space of a directory is known', async t => {
  const free = freeSpaceOf(freshDirectory(t))
  t.ok(Number.isFinite(free) && free > 0)
})

t.test('unknown free space counts as infinite', async t => {
  t.equal(freeSpaceOf(join(freshDirectory(t), 'missing')), Infinity)
  if (process.platform === 'linux') t.equal(freeSpaceOf('/proc'), Infinity, 'a file system without a size')
})
