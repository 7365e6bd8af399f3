import t from 'tap'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import type { Store } from '../../../src/store/store.js'
import { needs } from '../../helpers/needs.js'
import { dropAddress, limits, message, RedisServer } from '../../helpers/redis-server.js'

const skip = needs('redis-server')
const MIB = 1024 * 1024
const text = JSON.stringify('x'.repeat(MIB / 16 - 2))

async function fill (store: Store, drop: string): Promise<void> {
  await store.create(drop, 600_000, Date.now(), limits)
  for (let i = 0; i < 16; i++) await store.append(drop, message(text), Date.now(), limits)
}

async function memory (server: RedisServer, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await server.cli('info', 'memory'))?.[1]) / MIB
}

t.test('however many read a full box at once, Redis keeps few replies in memory, and all are answered', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url, deadline: 60_000 })
  t.teardown(() => store.close())
  const drop = dropAddress('full')
  await fill(store, drop)
  const before = await memory(server, 'used_memory')
  const reads = Array.from({ length: 200 }, async () => {
    const { texts, next } = await store.read(drop, 0, 100, Date.now())
    return texts.length === 16 && texts[15] === text && next === 16
  })
  t.ok((await Promise.all(reads)).every(Boolean))
  const peak = await memory(server, 'used_memory_peak') - before
  t.ok(peak < 48, `${Math.round(peak)} MiB for 200 replies of 1 MiB`)
})

t.test('the same holds for drains', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url, deadline: 60_000 })
  t.teardown(() => store.close())
  const drops = Array.from({ length: 100 }, (_, i) => dropAddress(`full-${i}`))
  for (const drop of drops) await fill(store, drop)
  const before = await memory(server, 'used_memory')
  const drains = await Promise.all(drops.map(async drop => await store.drain(drop, Date.now(), 2 * MIB)))
  for (const drained of drains) t.match(drained, { next: 16, texts: { length: 16 } })
  const peak = await memory(server, 'used_memory_peak') - before
  t.ok(peak < 48, `${Math.round(peak)} MiB for 100 replies of 1 MiB, which were in memory before`)
})

t.test('a page that is too large for its first reply comes whole, from any cursor', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url, deadline: 60_000 })
  t.teardown(() => store.close())
  const drop = dropAddress('any')
  await fill(store, drop)
  await store.append(drop, message('"small"'), Date.now(), limits)
  t.same((await store.read(drop, 16, 100, Date.now())).texts, ['"small"'])
  t.same((await store.read(drop, 15, 100, Date.now())).texts, [text, '"small"'])
  t.match(await store.read(drop, 3, 2, Date.now()), { texts: [text, text], next: 5 })
})
