import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { boxPlugin, memoryStore, StoreError, type Boxes, type BoxMessage } from '../../src/index.js'
import { memoryCosts } from '../../src/store/cost.js'
import { build, json, type BuildOptions } from '../helpers/build.js'

/** An app with the plugin, and its boxes. */
const host = async (t: Test, options: BuildOptions = {}) => {
  const built = await build(t, options)
  return { ...built, boxes: built.app.signalbox }
}
const unknown = 'box_Zm9yIGV4YW1wbGUgb25seSEgMDEyMzQ1'
const code = (name: string) => ({ code: `BOX_ERR_${name}` })

/** Takes that many messages, and leaves the loop. */
async function take (messages: AsyncIterable<BoxMessage>, count: number): Promise<BoxMessage[]> {
  const taken: BoxMessage[] = []
  for await (const message of messages) if (taken.push(message) === count) break
  return taken
}

t.test('the host\'s code and the routes use the same boxes', async t => {
  const { app, boxes, clock } = await host(t)
  const { id, drop, expires } = await boxes.create({ ttl: 60 })
  t.equal(expires.getTime(), clock.now() + 60_000)
  const post = async (address: string, value: unknown) => await app.inject({ method: 'POST', url: `/boxes/${address}/messages`, ...json(value) })
  t.same((await post(drop, { sdp: 'v=0' })).json(), { type: 'ack', data: 1, seq: 1 })
  t.same(await boxes.store(drop, [null, 'é']), { seq: 2, count: 2 })
  t.same(await boxes.store(id, 3), { seq: 3, count: 3 })
  t.same((await app.inject({ url: `/boxes/${id}/messages` })).json(), { type: 'msgs', data: [{ sdp: 'v=0' }, [null, 'é'], 3], next: 3 })
  t.same(await boxes.read(id, { after: 1, limit: 1 }), { messages: [{ seq: 2, data: [null, 'é'] }], next: 2 })
  t.equal(await boxes.acknowledge(id, 1), 2)
  t.same(await boxes.drain(id), { messages: [{ seq: 2, data: [null, 'é'] }, { seq: 3, data: 3 }], next: 3 })
  t.same(await boxes.read(id), { messages: [], next: 0 })
  await boxes.delete(id)
  t.equal((await post(drop, 1)).statusCode, 404)
})

t.test('opening a box again finds it as it was', async t => {
  const { boxes, app } = await host(t)
  const opened = await boxes.open(unknown, { ttl: 60 })
  t.match(opened, { id: unknown, drop: /^drop_/, created: true })
  t.same(await boxes.open(unknown, { ttl: 1 }), { ...opened, created: false })
  t.equal((await app.inject({ method: 'PUT', url: `/boxes/${unknown}` })).statusCode, 200)
})

t.test('a message of the host wakes a long-poll, and a message of a guest a subscription', async t => {
  const { app, boxes, clock } = await host(t)
  clock.run()
  const { id, drop } = await boxes.create()
  const polled = app.inject({ url: `/boxes/${id}/messages?wait=25` })
  await boxes.store(id, 'hello')
  t.same((await polled).json().data, ['hello'])

  const taken = take(boxes.subscribe(id), 2)
  await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, ...json('hi') })
  t.same(await taken, [{ seq: 1, data: 'hello' }, { seq: 2, data: 'hi' }])
  t.same(await take(boxes.subscribe(id, { after: 1 }), 1), [{ seq: 2, data: 'hi' }], 'what was yielded is still there')
})

t.test('a subscription ends by its signal, with its box, and with the server', async t => {
  const { app, boxes } = await host(t)
  const { id } = await boxes.create()
  const stop = new AbortController()
  const stopped = boxes.subscribe(id, { signal: stop.signal }).next()
  const deleted = boxes.subscribe(id).next()
  const other = await boxes.create()
  const closed = boxes.subscribe(other.id).next()
  stop.abort(new Error('enough'))
  await t.rejects(stopped, { message: 'enough' })
  await t.rejects(boxes.subscribe(id, { signal: stop.signal }).next(), { message: 'enough' })
  await boxes.delete(id)
  await t.rejects(deleted, code('NOT_FOUND'))
  await app.close()
  t.same(await closed, { done: true, value: undefined })
  await t.rejects(boxes.create(), code('STORE'))
})

t.test('a box that was opened anew is another one for its subscribers', async t => {
  const { boxes } = await host(t)
  await boxes.open(unknown)
  await boxes.store(unknown, 1)
  const messages = boxes.subscribe(unknown)
  t.same((await messages.next()).value, { seq: 1, data: 1 })
  await boxes.delete(unknown)
  await boxes.open(unknown)
  await t.rejects(messages.next(), code('NOT_FOUND'))
})

t.test('a subscription outlives an outage of the store', async t => {
  let isAway = false
  const store = memoryStore()
  const read = store.read.bind(store)
  store.read = async (...args) => {
    if (isAway) throw new StoreError()
    return await read(...args)
  }
  const { boxes } = await host(t, { store })
  const { id } = await boxes.create()
  const messages = boxes.subscribe(id)
  await boxes.store(id, 1)
  t.same((await messages.next()).value, { seq: 1, data: 1 })
  isAway = true
  const next = messages.next()
  await boxes.store(id, 2)
  await t.rejects(boxes.read(id), code('STORE'))
  isAway = false
  t.same((await next).value, { seq: 2, data: 2 })
  await t.resolves(messages.return())
})

t.test('a subscription takes no place of the box', async t => {
  const { app, boxes, clock } = await host(t, { maxWaiters: 1, maxRoomWaiters: 1 })
  clock.run()
  const { id } = await boxes.create()
  const taken = [take(boxes.subscribe(id), 1), take(boxes.subscribe(id), 1)]
  const polled = app.inject({ url: `/boxes/${id}/messages?wait=25` })
  taken.push(take(boxes.subscribe(id), 1))
  await boxes.store(id, 1)
  t.equal((await polled).statusCode, 200)
  t.same(await Promise.all(taken), Array(3).fill([{ seq: 1, data: 1 }]))
})

t.test('what the routes refuse is refused with the same codes', async t => {
  const { boxes } = await host(t, { maxMessages: 2, maxMessageBytes: 10, maxTtl: 100 })
  const { id, drop } = await boxes.create()
  await t.rejects(boxes.store(id, 'x'.repeat(9)), { ...code('TOO_LARGE'), statusCode: 413 })
  for (const value of [undefined, () => {}, 1n, Symbol('s')]) await t.rejects(boxes.store(id, value), { ...code('INVALID'), message: /must be a JSON value/ })
  await boxes.store(id, 1, { idempotencyKey: 'k' })
  t.same(await boxes.store(id, 1, { idempotencyKey: 'k' }), { seq: 1, count: 1 })
  await t.rejects(boxes.store(id, 2, { idempotencyKey: 'k' }), code('IDEMPOTENCY'))
  for (const idempotencyKey of ['', 'a b', 'k'.repeat(65)]) await t.rejects(boxes.store(id, 2, { idempotencyKey }), { message: /idempotencyKey: expected 1 to 64/ })
  await boxes.store(id, 2)
  await t.rejects(boxes.store(id, 3), code('FULL'))
  await t.rejects(boxes.read(id, { after: 3 }), code('CURSOR'))
  await t.rejects(boxes.acknowledge(id, 3), code('CURSOR'))
  await t.rejects(boxes.subscribe(id, { after: 3 }).next(), code('CURSOR'))
  for (const options of [{ limit: 0 }, { limit: 1001 }, { after: -1 }, { after: 0.5 }]) await t.rejects(boxes.read(id, options), code('INVALID'))
  for (const settings of [{ ttl: 101 }, { ttl: 0 }, { ttl: '5' as never }, { keep: 0 }, { ttl: 5, keep: 6 }, { keep: 101 }]) await t.rejects(boxes.create(settings), code('INVALID'))
  await t.rejects(boxes.open('room of mine'), code('NOT_FOUND'))
  const owners: Array<(box: string) => Promise<unknown>> = [boxes.read, boxes.drain, boxes.delete, boxes.open, (box: string) => boxes.acknowledge(box, 0), (box: string) => boxes.subscribe(box).next()]
  for (const use of owners) {
    await t.rejects(async () => { await use(drop) }, code('DROP_ONLY'))
    await t.rejects(async () => { await use('box_') }, code('NOT_FOUND'))
  }
})

t.test('a room lets its oldest message go', async t => {
  const { boxes } = await host(t, { maxMessages: 2 })
  const { id } = await boxes.create({ keep: 60 })
  for (const value of [1, 2, 3]) await boxes.store(id, value)
  t.same(await boxes.read(id), { messages: [{ seq: 2, data: 2 }, { seq: 3, data: 3 }], next: 3 })
})

t.test('boxes of the host count against no address, unless it names a request; no rate limit applies', async t => {
  const { app, boxes } = await host(t, {
    rateLimit: { creates: 1, boxes: 1, reads: 1, stores: 1 },
    after: app => { app.post('/mine', async request => await app.signalbox.create({ request })) }
  })
  for (let i = 0; i < 3; i++) await boxes.store((await boxes.create()).id, 1)
  const mine = async (remoteAddress: string) => (await app.inject({ method: 'POST', url: '/mine', remoteAddress })).json()
  t.match(await mine('192.0.2.1'), { drop: /^drop_/ })
  t.match(await mine('192.0.2.1'), { ...code('HELD'), statusCode: 429 })
  t.match(await mine('192.0.2.2'), { drop: /^drop_/ })
})

t.test('a full store refuses the host, too', async t => {
  const { boxes } = await host(t, { store: memoryStore(), maxStoreBytes: memoryCosts.box * 2 })
  await boxes.create()
  await boxes.create()
  await t.rejects(boxes.create(), { ...code('STORE_FULL'), statusCode: 507 })
})

t.test('each scope sees the boxes that were registered in it', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(boxPlugin, { docs: false })
  await app.register(boxPlugin, { prefix: '/games', docs: false, decorator: 'games' })
  await app.register(boxPlugin, { prefix: '/more', docs: false })
  const first = app.signalbox
  const { games } = app as unknown as { games: Boxes }
  let inner: Boxes | undefined
  await app.register(async scope => {
    t.equal(scope.signalbox, first)
    await scope.register(boxPlugin, { prefix: '/inner', docs: false })
    inner = scope.signalbox
  })
  t.equal(app.signalbox, first)
  const where = { '': first, '/games': games, '/inner': inner! }
  for (const [prefix, boxes] of Object.entries(where)) {
    const { id } = await boxes.create()
    const found = await Promise.all(Object.keys(where).map(async other => (await app.inject({ url: `${other}/boxes/${id}/messages` })).statusCode === 200))
    t.same(found, Object.keys(where).map(other => other === prefix), prefix)
  }
})

t.test('a name that is taken is refused', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorate('games', 1)
  app.decorate('signalbox', {} as Boxes)
  await t.rejects(async () => { await app.register(boxPlugin, { docs: false }) }, { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  await t.rejects(async () => await app.register(boxPlugin, { docs: false, decorator: 'games' }), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})
