import { markFormat } from '../../src/store/lmdb/layout.js'
import { LmdbStore } from '../../src/store/lmdb/store.js'
import { OPTIONS } from '../../src/store/lmdb/open.js'
import { Records } from '../../src/store/lmdb/records.js'
import { memoryStore } from '../../src/store/memory.js'
import { SimulatedDisk } from './lmdb.js'
import { remote } from './remote.js'
import type { Storage } from './server.js'
import type { World } from './world.js'

/** How long a write may take, in ms, before the LMDB store gives up. */
const DEADLINE = 5_000

/** What the server can store in, by name. */
export const storages: Record<string, (world: World) => Storage> = {
  memory: () => ({ isDurable: false, open: async () => memoryStore(), crash () {}, heal () {} }),
  lmdb,
  remote (world) {
    const store = memoryStore()
    return { isDurable: true, open: async () => remote(world, store), crash () {}, heal () {} }
  }
}

/** The LMDB store on a simulated disk. */
function lmdb (world: World): Storage {
  const disk = new SimulatedDisk(world, world.random.fork())
  return {
    isDurable: true,
    async open (fail) {
      const lmdb = disk.open(OPTIONS)
      const freeSpace = (): number => Infinity
      const records = new Records(lmdb.root, freeSpace)
      markFormat(lmdb.root)
      records.catchUp()
      const environment = { records, transaction: records.transaction.bind(records), freeSpace, releaseReaders () {}, close: async () => {} }
      return new LmdbStore(environment, DEADLINE, error => {
        // One that has crashed may notice that nothing responds any more.
        if (lmdb.isOver) return
        world.note(`the store gives up: ${error.message}`)
        fail()
      })
    },
    crash () { disk.crash() },
    heal () { disk.isFaulty = false },
    moment: () => disk.moment()
  }
}
