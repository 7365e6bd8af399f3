import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { dropAddress, limits, message, RedisServer, until, untilStored } from '../helpers/redis-server.js'

const DEADLINE = 1_000

t.test('while Redis is stopped for 10 s, requests are refused at the deadline, and served again afterwards', { skip: needs('redis-server') }, async t => {
  const server = await RedisServer.start(t)
  const lines: string[] = []
  const store = await redisStore({ url: server.url, deadline: DEADLINE, log: (_, line) => lines.push(line) })
  t.teardown(() => store.close())
  const drop = dropAddress('paused')
  await store.create(drop, 600_000, Date.now(), limits)
  let woken = 0
  await store.subscribe(drop, () => { woken++ })

  server.pause()
  const end = Date.now() + 10_000
  let refusals = 0
  let slowest = 0
  // Sixteen writers store under load; each message has a key of its own that is said again later.
  await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
    for (let i = 0; Date.now() < end; i++) {
      const begun = performance.now()
      const error = await store.append(drop, message('1', `key-${writer}`), Date.now(), limits).then(() => undefined, error => error)
      slowest = Math.max(slowest, performance.now() - begun)
      if (error?.code === 'BOX_ERR_STORE') refusals++
      else t.fail('not a refusal of the store', { error })
      await sleep(50)
    }
  }))
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
  t.ok(refusals > 16)
  t.ok(slowest < DEADLINE * 2, `the slowest refusal took ${Math.round(slowest)} ms`)

  server.resume()
  await until(async () => { await store.check(); return true })
  const before = woken
  await Promise.all(Array.from({ length: 16 }, async (_, writer) => await untilStored(store, drop, message('1', `key-${writer}`))))
  const { texts, next } = await store.read(drop, 0, 1000, Date.now())
  t.same([texts.length, next], [16, 16], 'what was refused and said again with its key is there once')
  t.match(lines, [/append-only|persistence/, /^Redis is unavailable: /, 'Redis is available again'])
  await store.append(drop, message('2'), Date.now(), limits)
  await until(async () => woken > before)
})
