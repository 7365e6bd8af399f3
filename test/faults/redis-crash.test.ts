import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { dropAddress, limits, message, RedisServer, until, untilStored } from '../helpers/redis-server.js'

t.test('with appendfsync always, a Redis killed twice under load loses nothing that got a 2xx', { skip: needs('redis-server') }, async t => {
  const server = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const store = await redisStore({ url: server.url, deadline: 2_000 })
  t.teardown(() => store.close())

  let refused = 0
  const load = { on: true }
  // Each writer stores 1, 2, 3 …, says each again with its key until it is answered, and acknowledges every fourth.
  const writers = Array.from({ length: 16 }, async (_, writer) => {
    const drop = dropAddress(`crash-${writer}`)
    await store.create(drop, 600_000, Date.now(), limits)
    let stored = 0
    let acknowledged = 0
    while (load.on) {
      const text = String(stored + 1)
      const { seq, retries } = await untilStored(store, drop, message(text, `key-${text}`))
      stored = seq
      refused += retries
      if (stored % 4 === 0) await store.acknowledge(drop, stored - 2, Date.now()).then(() => { acknowledged = stored - 2 }, () => { refused++ })
    }
    return { drop, stored, acknowledged }
  })
  for (let crash = 0; crash < 2; crash++) {
    await sleep(1_000)
    await server.kill()
    await sleep(500)
    await t.rejects(store.check(), { code: 'BOX_ERR_STORE' }, 'not ready while it is away')
    await server.run()
    await until(async () => { await store.check(); return true })
  }
  await sleep(500)
  load.on = false

  let total = 0
  for (const { drop, stored, acknowledged } of await Promise.all(writers)) {
    total += stored
    const { texts, next } = await store.read(drop, 0, 1_000_000, Date.now())
    const first = next - texts.length
    const numbers = Array.from({ length: texts.length }, (_, i) => String(first + 1 + i))
    if (next !== stored || first < acknowledged || texts.join() !== numbers.join()) {
      t.fail('a box differs from what was answered', { stored, acknowledged, next, texts })
    }
  }
  t.ok(refused > 0, 'the crashes were felt')
  t.comment(`${total} messages answered, ${refused} refusals, 0 lost, 0 twice`)
})

t.test('listeners are woken once Redis is back, and by later messages', { skip: needs('redis-server') }, async t => {
  const server = await RedisServer.start(t, ['--appendonly', 'yes'])
  const store = await redisStore({ url: server.url, deadline: 2_000 })
  t.teardown(() => store.close())
  const drop = dropAddress('listener')
  await store.create(drop, 600_000, Date.now(), limits)
  let woken = 0
  const unsubscribe = await store.subscribe(drop, () => { woken++ })

  await server.kill()
  await t.rejects(store.subscribe(dropAddress('other'), () => {}), { code: 'BOX_ERR_STORE' })
  t.equal(woken, 0)
  await server.run()
  await until(async () => woken > 0)
  await until(async () => { await store.check(); return true })
  const before = woken
  await store.append(drop, message('1'), Date.now(), limits)
  await until(async () => woken > before)
  unsubscribe()
  await until(async () => await server.cli('pubsub', 'shardchannels') === '')
})
