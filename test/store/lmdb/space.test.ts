import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { Space } from '../../../src/store/lmdb/space.js'
import { freshDirectory } from '../directory.js'

const MIB = 1024 * 1024

interface Roomy {
  hold: (bytes: number) => Promise<unknown>
  drop: () => Promise<unknown>
  /** how many claims of a MiB are granted in one transaction */
  grants: () => Promise<number>
}

/** The space on a disk with as much free space as the test says. */
async function spaceOf (t: Test, disk: { free: number }): Promise<Roomy> {
  const root = open({ path: freshDirectory(t), noSubdir: false, encoding: 'binary', overlappingSync: false })
  t.teardown(() => root.close())
  const database = root.openDB<string, number>({ name: 'data', encoding: 'string' })
  const space = new Space([database], () => disk.free)
  return {
    hold: (bytes: number) => database.put(1, 'x'.repeat(bytes)),
    drop: () => database.remove(1),
    async grants () {
      return await database.transaction(() => {
        space.measure()
        for (let granted = 0; ; granted++) {
          try {
            if (granted === 1000) return Infinity
            space.claim(MIB)
          } catch (error) {
            t.match(error, { code: 'BOX_ERR_STORE_FULL' })
            return granted
          }
        }
      })
    }
  }
}

t.test('new data may use the free space except for a quarter of the file', async t => {
  const disk = { free: 10.5 * MIB }
  const { hold, grants } = await spaceOf(t, disk)
  t.equal(await grants(), 10)
  await hold(16 * MIB)
  t.equal(await grants(), 6)
})

t.test('unused pages of the file count as room', async t => {
  const disk = { free: 0 }
  const { hold, drop, grants } = await spaceOf(t, disk)
  await hold(16 * MIB)
  t.equal(await grants(), 0)
  await drop()
  t.equal(await grants(), 11)
})

t.test('at most 32 MiB are kept free', async t => {
  const disk = { free: 300.5 * MIB }
  const { grants } = await spaceOf(t, disk)
  t.equal(await grants(), 264, 'each takes a little more than its data')
  disk.free = Infinity
  t.equal(await grants(), Infinity)
})
