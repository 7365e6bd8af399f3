import { AsyncLocalStorage } from 'node:async_hooks'
import t, { type Test } from 'tap'
import { lmdbStore, redisStore, type BoxEvents } from '../../src/index.js'
import { build, json, type BuildOptions } from '../helpers/build.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { freshDirectory } from '../store/directory.js'
import { until } from '../helpers/until.js'

const NAMES = ['created', 'stored', 'gone'] as const

/** An app whose host writes down each event. */
async function heard (t: Test, options: BuildOptions = {}) {
  const built = await build(t, options)
  const events: Array<{ name: keyof BoxEvents } & Record<string, unknown>> = []
  for (const name of NAMES) built.app.signalbox.on(name, event => { events.push({ name, ...event }) })
  return { ...built, boxes: built.app.signalbox, events }
}

t.test('the host hears what the routes and its own code do, without a capability', async t => {
  const { app, boxes, createBox, clock, events } = await heard(t)
  const box = await createBox({ ttl: 60 })
  await box.store('hello')
  await boxes.store(box.id, 'hello')
  await box.read()
  await boxes.read(box.id)
  await app.inject({ method: 'DELETE', url: box.url })
  const label = boxes.labelOf(box.id)
  t.equal(boxes.labelOf(box.drop), label)
  t.same(events, [
    { name: 'created', label, expires: new Date(clock.now() + 60_000) },
    { name: 'stored', label, seq: 1, count: 1 },
    { name: 'stored', label, seq: 2, count: 2 },
    { name: 'gone', label, reason: 'deleted' }
  ])
  t.match(label, /^label_[\w-]{22}$/)
  t.notOk([box.id, box.drop].some(id => JSON.stringify(events).includes(id.slice(5))))
  t.throws(() => boxes.labelOf(label), { code: 'BOX_ERR_NOT_FOUND' })
  await t.rejects(boxes.store(label, 1), { code: 'BOX_ERR_NOT_FOUND' })
})

t.test('what is refused, and a box that was there, are no events', async t => {
  const { app, boxes, events } = await heard(t, { maxMessages: 1 })
  const { id } = await boxes.open('box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1')
  await boxes.open(id)
  await boxes.store(id, 1)
  await t.rejects(boxes.store(id, 2), { code: 'BOX_ERR_FULL' })
  t.equal((await app.inject({ method: 'POST', url: `/boxes/${id}/messages`, ...json(2) })).statusCode, 409)
  t.same(events.map(({ name }) => name), ['created', 'stored'])
})

t.test('an expired box is gone once its space is freed', async t => {
  const { app, boxes, clock, events } = await heard(t)
  const [first, second] = [await boxes.create({ ttl: 10 }), await boxes.create({ ttl: 10 })]
  events.length = 0
  clock.turn(10)
  await t.rejects(boxes.read(first.id), { code: 'BOX_ERR_NOT_FOUND' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await until(() => events.length >= 2)
  t.same(events, [first, second].map(({ id }) => ({ name: 'gone', label: boxes.labelOf(id), reason: 'expired' })))
})

t.test('a box that expired while the server was stopped is gone once it listens', async t => {
  const path = freshDirectory(t)
  const before = await build(t, { store: await lmdbStore({ path }) })
  const { id } = await before.app.signalbox.create({ ttl: 10 })
  await before.app.close()
  const { app, boxes, clock, events } = await heard(t, { store: await lmdbStore({ path }) })
  clock.turn(10)
  await app.listen({ host: '127.0.0.1', port: 0 })
  await until(() => events.length > 0)
  t.same(events, [{ name: 'gone', label: boxes.labelOf(id), reason: 'expired' }])
})

t.test('of several servers on one Redis, the one that got the request hears of it', { skip: needs('redis-server') }, async t => {
  const { url } = await RedisServer.start(t)
  const here = await heard(t, { store: await redisStore({ url }) })
  const there = await heard(t, { store: await redisStore({ url }) })
  const { id, drop } = await here.boxes.create()
  await there.boxes.store(drop, 1)
  await here.boxes.drain(id)
  await there.boxes.delete(id)
  t.same(here.events.map(({ name }) => name), ['created'])
  t.same(there.events.map(({ name }) => name), ['stored', 'gone'])
})

t.test('a listener knows who caused the event, by the async context of the request', async t => {
  const users = new AsyncLocalStorage<unknown>()
  const { app, boxes, createBox } = await heard(t, {
    before: app => { app.addHook('preHandler', (request, _reply, done) => { users.run(request.headers['x-user'], done) }) }
  })
  const who: unknown[] = []
  for (const name of NAMES) boxes.on(name, () => { who.push(users.getStore()) })
  const headers = { 'x-user': 'ada' }
  await app.inject({ method: 'POST', url: '/boxes', headers })
  const { drop, url } = await createBox()
  await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, headers, payload: [1] })
  await app.inject({ method: 'DELETE', url, headers })
  t.same(who, ['ada', undefined, 'ada', 'ada'])
})

t.test('a listener that fails is logged, and the request succeeds', async t => {
  const lines: Array<{ msg: string, err?: { message: string } }> = []
  const { app, boxes } = await heard(t, { server: { logger: { level: 'error', stream: { write: line => { lines.push(JSON.parse(line)) } } } } })
  boxes.on('created', () => { throw new Error('thrown') })
  boxes.on('created', async () => { throw new Error('rejected') })
  let others = 0
  const off = boxes.on('created', () => { others++ })
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
  await until(() => lines.length >= 2)
  t.match(lines, ['thrown', 'rejected'].map(message => ({ msg: 'A listener of box events failed', err: { message } })))
  t.equal(others, 1)
  off()
  await boxes.create()
  t.equal(others, 1, 'a listener that was removed is not called')
})
