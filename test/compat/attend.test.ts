import t from 'tap'
import { BoxService } from '../../src/box/box-service.js'
import { attend } from '../../src/compat/attend.js'
import { StoreError } from '../../src/errors.js'
import { memoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'
import { TestClock } from '../helpers/build.js'
import { until } from '../helpers/until.js'
import { changed, watchedStore } from './stores.js'

/** Attends a box as long as it can, and tells when that ends. */
async function attended (kept: Store): Promise<{ service: BoxService, calls: unknown[][], ended: Promise<void> }> {
  const { store, calls } = watchedStore(kept)
  const service = new BoxService(store, new TestClock(), { maxMessages: 100, maxBoxBytes: 10_000 }, { ttl: 90, maxWaiters: 32, maxRoomWaiters: 256 })
  await service.open('', 'box', {}, undefined, async () => {})
  calls.length = 0
  const ended = attend(service, 'box', {
    over: new AbortController().signal,
    onGone: async () => {},
    work: async waiter => { while (!waiter.closed) await waiter.next(0, 1, 3_600_000) }
  })
  await until(() => calls.length > 0)
  return { service, calls, ended }
}

t.test('attending a box ends with the service', async t => {
  const { service, calls, ended } = await attended(memoryStore())
  await until(() => calls.some(([operation]) => operation === 'read'))
  await service.close()
  await ended
  t.equal(service.waiters.size, 0)
})

t.test('and so it does while the store does not respond', async t => {
  const store = changed(memoryStore(), async operation => { if (operation === 'subscribe') throw new StoreError() })
  const { service, calls, ended } = await attended(store)
  await service.close()
  await ended
  t.equal(calls.at(-1)?.[0], 'close', 'and tries nothing more')
})
