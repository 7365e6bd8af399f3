import t from 'tap'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { drainAll } from '../../src/store/contract/boxes.js'
import { dropAddress, limits, message, RedisServer } from '../helpers/redis-server.js'

t.test('a full Redis refuses new data and loses nothing; once emptied, it stores again', { skip: needs('redis-server') }, async t => {
  const server = await RedisServer.start(t, ['--maxmemory', '16mb'])
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const text = JSON.stringify('x'.repeat(10_000))
  const boxes = Array.from({ length: 8 }, (_, i) => dropAddress(`full-${i}`))
  const start = Date.now()
  for (const drop of boxes) await store.create(drop, 80_000, start, limits)

  const stored = new Map(boxes.map(drop => [drop, 0]))
  let failure: unknown
  for (let i = 0; failure === undefined; i++) {
    const drop = boxes[i % boxes.length] as string
    await store.append(drop, message(text, `key-${i}`), start, limits)
      .then(({ seq }) => stored.set(drop, seq), error => { failure = error })
  }
  t.match(failure, { code: 'BOX_ERR_STORE_FULL', statusCode: 507 })
  // Memory in use moves a little with the connections' buffers, so it may take some boxes until there is no room for one.
  await t.rejects(async () => {
    for (let i = 0; i < 100_000; i++) await store.create(dropAddress(`empty-${i}`), 60_000, start, limits)
  }, { code: 'BOX_ERR_STORE_FULL' })
  await store.check()

  // Past an eighth of the TTL, so that each of these renews the deadline too, which is a write.
  const later = start + 20_000
  const [first, second, third] = boxes as [string, string, string]
  t.same(await store.append(first, message(text, 'key-0'), later, limits), { seq: 1, count: 1 }, 'a key that came before still has its first answer')
  for (const [drop, seq] of stored) {
    const { texts, next, expires } = await store.read(drop, 0, 100_000, later)
    t.same([texts.length, next, expires], [seq, seq, later + 80_000])
  }
  t.equal(await store.acknowledge(second, 1, later + 20_000), (stored.get(second) as number) - 1)
  t.equal((await drainAll(store, first, later + 20_000)).texts.length, stored.get(first))
  await store.delete(third, later + 20_000)
  t.same(await store.append(first, message('1'), later, limits), { seq: stored.get(first) as number + 1, count: 1 })
  await store.create(dropAddress('one more'), 60_000, later, limits)
})
