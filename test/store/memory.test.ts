import t from 'tap'
import { start } from '../../src/store/contract/boxes.js'
import { memoryCosts } from '../../src/store/cost.js'
import { memoryStore } from '../../src/store/memory.js'
import { contractSuite } from './contract.js'
import { largeBox, largePagesSuite } from './large-pages.js'

contractSuite(t, async () => memoryStore(), {}, { ...memoryCosts, time: () => memoryCosts.time })
largePagesSuite(t, async () => memoryStore())

t.test('a large page of a box that is deleted while it waits is not found', async t => {
  const { store, drop } = await largeBox(t, async () => memoryStore())
  const reading = store.read(drop, 0, 10, start)
  await store.delete(drop, start)
  await t.rejects(reading, { code: 'BOX_ERR_NOT_FOUND' })
})
