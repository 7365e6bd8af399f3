/** Opens the store in the directory it is given, says `open` or why it cannot, and holds it until it is told to go. */
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'

try {
  const store = await lmdbStore({ path: process.argv[2] as string })
  process.send?.('open')
  process.once('message', () => { void store.close().then(() => process.disconnect()) })
} catch (error) {
  process.send?.((error as Error).message)
  process.disconnect()
}
