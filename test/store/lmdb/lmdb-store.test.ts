import t from 'tap'
import { lmdbStore } from '../../../src/store/lmdb/lmdb-store.js'
import { contractSuite } from '../contract.js'
import { freshDirectory } from '../directory.js'
import { heldCosts } from './held-costs.js'

contractSuite(t, async t => lmdbStore({ path: freshDirectory(t) }), {}, heldCosts)
