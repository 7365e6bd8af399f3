import t from 'tap'
import { BoxService } from '../../../src/box/box-service.js'
import { keyOf, Topics } from '../../../src/compat/y-webrtc/topics.js'
import type { Subscriber } from '../../../src/compat/y-webrtc/topic.js'
import { StoreFullError } from '../../../src/errors.js'
import { memoryStore } from '../../../src/store/memory.js'
import { TestClock } from '../../helpers/build.js'
import { until } from '../../helpers/until.js'
import { changed } from '../stores.js'

class Client implements Subscriber {
  readonly texts: string[] = []
  readonly failures: unknown[] = []
  publish (text: Buffer): void { this.texts.push(String(text)) }
  fail (error: unknown): void { this.failures.push(error) }
}

t.test('a topic that has failed is read again for whoever subscribes next', async t => {
  let isFull = false
  const clock = new TestClock()
  const store = changed(memoryStore(), async operation => { if (isFull && operation === 'open') throw new StoreFullError() })
  const service = new BoxService(store, clock, { maxMessages: 100, maxBoxBytes: 10_000 }, { ttl: 90, maxWaiters: 32, maxRoomWaiters: 256 })
  t.teardown(() => service.close())
  const topics = new Topics(service)
  const [anna, ben] = [new Client(), new Client()]
  await topics.subscribe('notes', anna, async () => {})
  isFull = true
  await store.delete(keyOf('notes'), clock.now())
  await until(() => anna.failures.length > 0)

  isFull = false
  await topics.subscribe('notes', ben, async () => {})
  topics.unsubscribe('notes', anna)
  await topics.publish('notes', '{"type":"publish"}', async () => {})
  await until(() => ben.texts.length > 0)
  t.same(ben.texts, ['{"type":"publish","clients":1}'])
})
