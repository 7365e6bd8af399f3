import { hkdfSync } from 'node:crypto'
import { queryObjects } from 'node:v8'
import t, { type Test } from 'tap'
import { createBoxClient } from '../../clients/typescript/src/index.js'
import { Room, type RoomOptions } from '../../clients/typescript/src/room/index.js'
import { createTimings } from '../../clients/typescript/src/retry.js'
import { Scope } from '../../clients/typescript/src/scope.js'
import { build } from '../helpers/build.js'
import { network } from './network.js'
import { quick, serve, take } from './serve.js'

const secret = Room.createSecret()
const name = 'test'

async function join (t: Test, url: string, options: Partial<RoomOptions> = {}, timings = quick): Promise<Room> {
  const room = await Room.joinWith(createTimings, timings, url, { secret, name, ...options })
  t.teardown(() => room.leave())
  return room
}

/** The box of the room, as `docs/rooms.md` says that it is derived. */
function boxOf (secret: string, name: string): string {
  const id = hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `signalbox room v1\nbox\n${name}`, 24)
  return `box_${Buffer.from(id).toString('base64url')}`
}

/** The room as whoever knows its box id sees it. */
function raw (url: string) {
  const client = createBoxClient(url)
  const params = { path: { box: boxOf(secret, name) } }
  return {
    read: async () => (await client.GET('/boxes/{box}/messages', { params })).data!,
    store: async (body: unknown) => await client.POST('/boxes/{box}/messages', { params, body, bodySerializer: JSON.stringify }),
    delete: async () => await client.DELETE('/boxes/{box}', { params })
  }
}

t.test('every member reads every message, and who comes later what is kept', async t => {
  const { url } = await serve(t)
  const [ann, bob] = [await join(t, url), await join(t, url)]
  t.same(await ann.send({ hello: 'all' }), { seq: 1, count: 1 })
  t.same(await bob.send(null), { seq: 2, count: 2 })
  const late = await join(t, url)
  for (const member of [ann, bob, late]) t.same(await take(member, 2), [{ hello: 'all' }, null])
  await late.send('once')
  for (const member of [ann, bob, late]) t.same(await take(member.messages(), 1), [{ seq: 3, data: 'once' }], 'the next loop goes on')
})

t.test('another secret or another name is another room', async t => {
  const { url } = await serve(t)
  const rooms = [await join(t, url), await join(t, url, { name: 'other' }), await join(t, url, { secret: Room.createSecret() })]
  for (const [n, room] of rooms.entries()) t.same(await room.send(n), { seq: 1, count: 1 })
  for (const [n, room] of rooms.entries()) t.same(await take(room, 1), [n])
})

t.test('the server finds the box by its documented id, and cannot read it', async t => {
  const { url } = await serve(t)
  const room = await join(t, url)
  await room.send('the plain text')
  const { data: [message] } = await raw(url).read()
  t.match(message, { v: 1, sealed: /^[\w-]{59}$/ })
  const { sealed } = message as { sealed: string }
  t.equal(Buffer.from(sealed, 'base64url').length, 12 + '"the plain text"'.length + 16)
})

t.test('what no member has sealed is skipped, and so is what the server repeats', async t => {
  const { url } = await serve(t)
  const room = await join(t, url)
  const { read, store } = raw(url)
  await room.send(1)
  const { data: [sealed] } = await read()
  for (const odd of [null, 'text', { v: 1, sealed: 'AAAA' }, { v: 2, ...sealed as object, sealed: 1 }, sealed, { v: 1, sealed: 'A'.repeat(64) }]) await store(odd)
  await room.send(2)
  t.same(await take(room.messages(), 2), [{ seq: 1, data: 1 }, { seq: 8, data: 2 }])
})

t.test('a room that is gone is opened again by its reader', async t => {
  const { url } = await serve(t)
  const [ann, bob] = [await join(t, url), await join(t, url)]
  await ann.send('old')
  const messages = bob.messages()
  t.same((await messages.next()).value, { seq: 1, data: 'old' })
  const next = messages.next()
  await raw(url).delete()
  t.same(await ann.send('new'), { seq: 1, count: 1 })
  t.same((await next).value, { seq: 1, data: 'new' }, 'and the numbers start again')
})

t.test('while it is away, a reader misses nothing of a new room, even if that has as many messages', async t => {
  const { url } = await serve(t)
  for (const count of [1, 2, 3, 4]) {
    const net = network()
    const [ann, bob] = [await join(t, url), await join(t, url, { fetch: net.fetch })]
    await ann.send('a')
    await ann.send('a')
    const messages = bob.messages()
    t.same([(await messages.next()).value, (await messages.next()).value], [{ seq: 1, data: 'a' }, { seq: 2, data: 'a' }])
    net.disconnect()
    await raw(url).delete()
    for (let n = 1; n <= count; n++) await ann.send('a')
    net.reconnect()
    for (let seq = 1; seq <= count; seq++) t.same((await messages.next()).value, { seq, data: 'a' })
    await raw(url).delete()
  }
})

t.test('in the same room, a reader that comes back gets only what it has not seen', async t => {
  const { url } = await serve(t, { maxMessages: 3 })
  for (const missed of [0, 1, 2, 3, 5]) {
    const net = network()
    const [ann, bob] = [await join(t, url), await join(t, url, { fetch: net.fetch })]
    for (const n of [1, 2]) await ann.send(n)
    const messages = bob.messages()
    for (const n of [1, 2]) t.equal((await messages.next()).value!.data, n)
    net.disconnect()
    for (let n = 1; n <= missed; n++) await ann.send(-n)
    net.reconnect()
    const next = messages.next()
    if (missed === 0) await ann.send(-1)
    const left = missed > 3 ? missed - 2 : 1
    t.equal((await next).value!.data, -left)
    for (let n = left + 1; n <= missed; n++) t.equal((await messages.next()).value!.data, -n)
    await messages.return()
    await raw(url).delete()
  }
})

t.test('messages sent into a room that is gone arrive in the new one, in order and once', async t => {
  const { url } = await serve(t)
  const [ann, bob] = [await join(t, url), await join(t, url)]
  await raw(url).delete()
  const sent = await Promise.all(['a', 'b', 'c'].map(async text => await ann.send(text)))
  t.same(sent.map(({ seq }) => seq), [1, 2, 3])
  t.same(await take(bob, 3), ['a', 'b', 'c'])
})

t.test('a message arrives in a new room even if that is deleted before it can be sent again', async t => {
  const { url } = await serve(t)
  let deletions = 2
  const fetching: typeof fetch = async input => {
    if ((input as Request).method === 'POST' && deletions-- > 0) await raw(url).delete()
    return await fetch(input)
  }
  t.same(await (await join(t, url, { fetch: fetching })).send('a'), { seq: 1, count: 1 })
  const deleting: typeof fetch = async input => {
    if ((input as Request).method === 'POST') await raw(url).delete()
    return await fetch(input)
  }
  await t.rejects((await join(t, url, { fetch: deleting })).send('b'), { code: 'BOX_ERR_NOT_FOUND' }, 'but not for ever')
})

t.test('a message is kept for its time, and a room lives for its own', async t => {
  const { app, clock } = await build(t, { ttl: 3600 })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const room = await join(t, url, { keep: 60, ttl: 600 })
  await room.send('old')
  clock.turn(30)
  await room.send('new')
  clock.turn(30)
  t.same(await take(await join(t, url), 1), ['new'])
  clock.turn(600)
  t.same(await room.send('first'), { seq: 1, count: 1 }, 'in a new room')
  t.same(await take(room, 1), ['first'])
  clock.turn(300)
  t.same(await room.send('next'), { seq: 2, count: 1 }, 'which keeps them as long')
})

t.test('where streams do not get through, messages come by long-poll', async t => {
  const { url } = await serve(t)
  const polled: string[] = []
  const fetching: typeof fetch = async input => {
    const request = input as Request
    if (request.headers.get('Accept') === 'text/event-stream') return new Response('<html>', { status: 406 })
    polled.push(new URL(request.url).search)
    return await fetch(request)
  }
  const [ann, bob] = [await join(t, url), await join(t, url, { fetch: fetching })]
  const messages = bob.messages()
  for (const n of [1, 2, 3]) {
    await ann.send(n)
    t.same((await messages.next()).value, { seq: n, data: n })
  }
  await raw(url).delete()
  await ann.send('new')
  t.same((await messages.next()).value, { seq: 1, data: 'new' })
  t.match(polled.filter(search => search !== '').join(' '), /^\?after=0&wait=25 \?after=1&wait=25/)
})

for (const way of ['stream', 'long-poll']) {
  t.test(`a room that is replaced just before a request is noticed, by ${way}`, async t => {
    const { url } = await serve(t)
    const timings = { ...quick, longPollWait: 0, minPollInterval: 1 }
    let replace = async () => {}
    const fetching: typeof fetch = async input => {
      const request = input as Request
      const streams = request.headers.get('Accept') === 'text/event-stream'
      if (streams && way !== 'stream') return new Response('<html>', { status: 406 })
      if (streams || request.url.includes('wait=')) {
        await replace()
        replace = async () => {}
      }
      return await fetch(request)
    }
    for (const count of [4, 3, 2, 1]) {
      const net = network(fetching)
      const [ann, bob] = [await join(t, url), await join(t, url, { fetch: net.fetch }, timings)]
      for (const text of ['a', 'a']) await ann.send(text)
      const messages = bob.messages()
      for (const seq of [1, 2]) t.same((await messages.next()).value, { seq, data: 'a' })
      replace = async () => {
        await raw(url).delete()
        for (let n = 1; n <= count; n++) await ann.send('a')
      }
      net.disconnect()
      net.reconnect()
      for (let seq = 1; seq <= count; seq++) t.same((await messages.next()).value, { seq, data: 'a' })
      await messages.return()
      await raw(url).delete()
    }
  })
}

t.test('leaving ends the loop, stores what is being sent, and lets nothing more be sent', async t => {
  const { url } = await serve(t)
  const room = await join(t, url)
  const loop = take(room, 2)
  const sent = room.send('last words')
  await room.leave()
  t.same(await sent, { seq: 1, count: 1 })
  t.ok((await loop).length < 2)
  t.same(await take(room, 1), [], 'also a loop that begins later')
  await t.rejects(room.send('more'), { name: 'AbortError', message: 'The room was left' })
  await room.leave()
  t.same(await take(await join(t, url), 1), ['last words'])
})

t.test('a room is left at the end of the block that uses it', async t => {
  const { url } = await serve(t)
  let used: Room
  {
    await using room = await join(t, url)
    used = room
    await room.send(1)
  }
  await t.rejects(used.send(2), { name: 'AbortError' })
})

t.test('one loop at a time, ended by a signal of its own', async t => {
  const { url } = await serve(t)
  const room = await join(t, url)
  const controller = new AbortController()
  const loop = room.messages({ signal: controller.signal }).next()
  await t.rejects(room.messages().next(), { name: 'TypeError', message: /already reading/ })
  controller.abort(new Error('enough'))
  await t.rejects(loop, { message: 'enough' })
  await room.send(1)
  t.same(await take(room, 1), [1])
})

t.test('a room that cannot be joined leaves nothing behind on the signal', async t => {
  const { url } = await serve(t)
  const { signal } = new AbortController()
  const fail = async () => { await t.rejects(join(t, url, { keep: -1, signal }), { code: 'BOX_ERR_INVALID' }) }
  await fail()
  const before = queryObjects(Scope)
  for (let n = 0; n < 10; n++) await fail()
  t.equal(queryObjects(Scope), before)
  t.notOk(signal.aborted)
})

t.test('what the server refuses for good ends the call', async t => {
  const { url } = await serve(t, { ttl: 60, maxMessageBytes: 200 })
  await t.rejects(join(t, url, { keep: 61 }), { code: 'BOX_ERR_INVALID' })
  const room = await join(t, url)
  await t.rejects(room.send('x'.repeat(200)), { code: 'BOX_ERR_TOO_LARGE' })
  await t.rejects(room.send(undefined), { name: 'TypeError', message: 'A message must be a JSON value, not undefined' })
  t.same(await room.send('y'), { seq: 1, count: 1 })
})
