import t, { type Test } from 'tap'
import { newBoxId } from '../../src/box/capability.js'
import { build as buildApp, isProblem, json, type BuildOptions } from '../helpers/build.js'
import { openStream } from '../helpers/stream-reader.js'

async function build (t: Test, options: BuildOptions = {}) {
  const { app, clock, createBox } = await buildApp(t, options)
  return { app, clock, createBox, room: (keep = 60) => createBox({ ttl: 600, keep }) }
}

t.test('a room keeps each message for its time, and any number of readers read it', async t => {
  const { clock, room } = await build(t)
  const { store, read } = await room()
  await store('a')
  clock.turn(30)
  await store('b')
  for (let reader = 0; reader < 3; reader++) t.same((await read()).json(), { type: 'msgs', data: ['a', 'b'], next: 2 })
  clock.turn(30)
  t.same((await read()).json(), { type: 'msgs', data: ['b'], next: 2 })
  clock.turn(30)
  t.same((await read()).json(), { type: 'msgs', data: [], next: 0 })
  t.match((await store('c')).json(), { data: 1, seq: 3 })
  t.same((await read('?after=1')).json(), { type: 'msgs', data: ['c'], next: 3 })
})

t.test('a full room drops its oldest messages, and a full box refuses', async t => {
  const { room, createBox } = await build(t, { maxMessages: 3 })
  const { store, read } = await room()
  for (let n = 1; n <= 5; n++) t.match((await store(n)).json(), { data: Math.min(n, 3), seq: n })
  t.same((await read('?after=1')).json(), { type: 'msgs', data: [3, 4, 5], next: 5 })
  const box = await createBox({ ttl: 600 })
  for (let n = 1; n <= 3; n++) await box.store(n)
  isProblem(t, await box.store(4), 409, 'BOX_ERR_FULL')
})

t.test('acknowledging and draining remove messages for every reader, as in any box', async t => {
  const { app, room } = await build(t)
  const { store, read, url, messages } = await room()
  for (let n = 1; n <= 3; n++) await store(n)
  t.same((await app.inject({ method: 'PUT', url: `${url}/cursor`, ...json({ after: 1 }) })).json(), { type: 'ack', data: 2 })
  t.same((await read()).json().data, [2, 3])
  t.same((await app.inject({ method: 'DELETE', url: messages })).json(), { type: 'msgs', data: [2, 3], next: 3 })
  t.same((await read()).json().data, [])
})

t.test('opening makes a room too, once', async t => {
  const { app, clock } = await build(t)
  const id = newBoxId()
  const open = async (body: object) => (await app.inject({ method: 'PUT', url: `/boxes/${id}`, ...json(body) })).statusCode
  t.equal(await open({ keep: 60 }), 201)
  t.equal(await open({ keep: 3600 }), 200)
  t.equal(await open({}), 200)
  await app.inject({ ...json(1), method: 'POST', url: `/boxes/${id}/messages` })
  clock.turn(60)
  t.same((await app.inject({ url: `/boxes/${id}/messages` })).json().data, [])
})

t.test('no room keeps its messages longer than it lives', async t => {
  const { app } = await build(t, { ttl: 60, maxTtl: 3600 })
  const id = newBoxId()
  for (const way of [{ method: 'POST' as const, url: '/boxes' }, { method: 'PUT' as const, url: `/boxes/${id}` }]) {
    for (const body of [{ keep: 61 }, { ttl: 10, keep: 11 }, { keep: 0 }, { keep: 1.5 }, { keep: '1' }, { ttl: 3600, keep: 3601 }]) {
      isProblem(t, await app.inject({ ...way, ...json(body) }), 400, 'BOX_ERR_INVALID')
    }
    const { detail } = (await app.inject({ ...way, ...json({ ttl: 10, keep: 11 }) })).json()
    t.equal(detail, 'Correct the request: body.keep: expected at most the ttl, 10.')
    t.equal((await app.inject({ ...way, ...json({ ttl: 10, keep: 10 }) })).statusCode, 201)
  }
})

t.test('a room may have more readers waiting than a box', async t => {
  const { app, room, createBox } = await build(t, { maxWaiters: 1, maxRoomWaiters: 3 })
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  const [{ messages, store }, box] = [await room(), await createBox()]
  const streams = [await openStream(t, base + messages), await openStream(t, base + messages), await openStream(t, base + messages)]
  isProblem(t, await app.inject({ url: `${messages}?wait=1` }), 429, 'BOX_ERR_RATE')
  await openStream(t, base + box.messages)
  isProblem(t, await app.inject({ url: `${box.messages}?wait=1` }), 429, 'BOX_ERR_RATE')
  await store('all')
  for (const stream of streams) {
    await stream.until(({ events }) => events.length > 0)
    t.match(stream.events, [{ id: '1', data: '"all"' }])
  }
})
