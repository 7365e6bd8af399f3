import t from 'tap'
import { memoryCosts } from '../../src/store/cost.js'
import { memoryStore } from '../../src/store/memory.js'
import { contractSuite } from './contract.js'

contractSuite(t, async () => memoryStore(), {}, memoryCosts)
