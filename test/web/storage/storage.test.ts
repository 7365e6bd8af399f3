import t from 'tap'
import { load, save, storageOf } from '../../../src/web/storage/storage.js'

t.test('a browser that blocks its storage has none', async t => {
  t.intercept(globalThis, 'localStorage' as never, { get () { throw new DOMException('', 'SecurityError') } })
  const storage = storageOf('localStorage')
  t.equal(storage, undefined)
  save(storage, { name: 'Ada' })
  t.same(load(storage), {})
})
