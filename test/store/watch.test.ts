import t from 'tap'
import { memoryStore } from '../../src/store/memory.js'
import { watchStore } from '../../src/store/watch.js'

const limits = { maxMessages: 10, maxBoxBytes: 100 }

t.test('every operation that begins also ends, even one that throws at once', async t => {
  const store = memoryStore()
  const seen: unknown[] = []
  const watched = watchStore(store, operation => {
    seen.push(operation)
    return error => { seen.push(error ?? 'done') }
  })
  await watched.create('drop', 1_000, 0, limits)
  const error = new Error('thrown, not rejected')
  store.read = () => { throw error }
  await t.rejects(watched.read('drop', 0, 1, 0), error)
  t.strictSame(seen, ['create', 'done', 'read', error])
})
