import t from 'tap'
import { memoryStore } from '../../src/store/memory.js'
import { contractSuite } from './contract.js'

contractSuite(t, async () => memoryStore())
