/** Opens a store to read it, as `signalbox backup` does, and reads until it is killed. */
import { openStoreSnapshot } from '../../../src/store/lmdb/backup/snapshot.js'

const { root } = await openStoreSnapshot(process.argv[2] as string)
root.useReadTransaction()
root.getBinary('totals')
process.send?.('reading')
setInterval(() => {}, 1_000)
