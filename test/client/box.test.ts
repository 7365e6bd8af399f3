import { mock } from 'node:test'
import t from 'tap'
import { Box, createBoxClient } from '../../clients/typescript/src/index.js'
import { fakeBox, json, never, problem } from './fake.js'
import { serve, take, takeAll } from './serve.js'

t.test('two parties find each other by a link', async t => {
  const { url } = await serve(t)
  const host = await Box.create(url + '/')
  const guest = await Box.create(new URL(url), { ttl: 60 })

  const invitation = Box.open(await host.dropLink())
  await invitation.send({ reply: await guest.dropLink() })
  const [{ reply }] = await takeAll(Box.open(host.link), 1) as [{ reply: string }]
  t.strictSame(await Box.open(reply).send('Hello'), { seq: 1, count: 1 })
  t.strictSame(await take(guest.messages(), 1), [{ seq: 1, data: 'Hello' }])
  t.strictSame(await host.read(), { messages: [], next: 0 }, 'what is done with is forgotten')
  t.equal(await invitation.dropLink(), invitation.link)
  await t.rejects(invitation.read(), { code: 'BOX_ERR_DROP_ONLY', status: 403 })
})

t.test('a box opened by its id has the same drop link as its creator\'s', async t => {
  const { url } = await serve(t)
  const created = await Box.create(url)
  const id = created.link.split('/').pop()!
  const opened = Box.open(id, { server: url })
  t.equal(opened.link, created.link)
  t.equal(await opened.dropLink(), await created.dropLink())
})

t.test('messages can be read and acknowledged in single calls', async t => {
  const box = await Box.create((await serve(t)).url)
  for (const message of ['a', 'b', 'c']) await box.send(message)
  t.strictSame(await box.read({ after: 1, limit: 1 }), { messages: [{ seq: 2, data: 'b' }], next: 2 })
  t.equal(await box.acknowledge(2), 1)
  t.strictSame(await box.read(), { messages: [{ seq: 3, data: 'c' }], next: 3 })
  await t.rejects(box.acknowledge(9), { code: 'BOX_ERR_CURSOR', status: 409 })
  const waiting = box.read({ after: 3, wait: 20 })
  await box.send('d')
  t.strictSame(await waiting, { messages: [{ seq: 4, data: 'd' }], next: 4 })
})

t.test('a wait longer than the server allows ends when the server ends it', async t => {
  const { url } = await serve(t, { maxWait: 0 })
  const box = await Box.create(url)
  t.strictSame(await box.read({ wait: 60 }), { messages: [], next: 0 })
  await t.rejects(box.read({ wait: 61 }), { code: 'BOX_ERR_INVALID' })
})

t.test('a deleted box is gone for everyone, and deleting it again is not an error', async t => {
  const box = await Box.create((await serve(t)).url)
  const other = Box.open(box.link)
  await box.delete()
  await t.rejects(other.send(1), { code: 'BOX_ERR_NOT_FOUND', status: 404 })
  await box.delete()
  await other.delete()
})

t.test('a delete is retried, and a 404 on the retry counts as success', async t => {
  const { box, operations } = fakeBox(t, (_call, n) => {
    if (n === 0) throw new TypeError('fetch failed')
    return problem(404, 'BOX_ERR_NOT_FOUND')
  })
  await box.delete()
  t.strictSame(operations(), ['DELETE ', 'DELETE '])
  const refused = fakeBox(t, () => problem(403, 'BOX_ERR_DROP_ONLY'))
  await t.rejects(refused.box.delete(), { code: 'BOX_ERR_DROP_ONLY' })
})

t.test('a box can still be deleted after its signal was aborted or it was closed', async t => {
  const { url } = await serve(t)
  const reason = new Error('enough')
  const controller = new AbortController()
  const [aborted, closed] = [await Box.create(url, { signal: controller.signal }), await Box.create(url)]
  controller.abort(reason)
  closed.close()
  await t.rejects(aborted.send(1), reason)
  await t.rejects(aborted.delete({ signal: AbortSignal.abort(reason) }), reason, 'unless that is aborted, too')
  for (const box of [aborted, closed]) {
    await box.delete()
    await t.rejects(Box.open(box.link).read(), { code: 'BOX_ERR_NOT_FOUND' })
  }
})

t.test('create rejects if the server refuses, or the URL is invalid', async t => {
  const { url } = await serve(t)
  await t.rejects(Box.create(url, { ttl: 0 }), { code: 'BOX_ERR_INVALID', status: 400 })
  await t.rejects(Box.create(url, { signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
  await t.rejects(Box.create('nowhere'), TypeError)
})

t.test('create gives up on an unreachable server within seconds, and names it', async t => {
  const { timers } = mock
  timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { timers.reset() })
  let attempts = 0
  let now = 0
  let gaveUp = Infinity
  const creating = Box.create('http://127.0.0.1:1/prefix', { fetch: async () => { attempts++; throw new TypeError('fetch failed') } })
  creating.catch(() => { gaveUp = now })
  for (; now < 60_000; now += 50) {
    await new Promise(resolve => setImmediate(resolve))
    timers.tick(50)
  }
  await t.rejects(creating, { name: 'TypeError', message: /^The server at http:\/\/127\.0\.0\.1:1\/prefix could not be reached/ })
  t.equal(attempts, 5)
  t.ok(gaveUp < 4_500, `${gaveUp} ms`)
})

t.test('create gives up on a server that never responds within ten seconds, and names it', async t => {
  const { timers } = mock
  timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { timers.reset() })
  let gaveUp = Infinity
  let now = 0
  const creating = Box.create('http://192.0.2.1/prefix', {
    fetch: async input => await new Promise((_resolve, reject) => {
      const { signal } = input as Request
      signal.addEventListener('abort', () => { reject(signal.reason) })
    })
  })
  creating.catch(() => { gaveUp = now })
  for (; now < 200_000; now += 500) {
    await new Promise(resolve => setImmediate(resolve))
    timers.tick(500)
  }
  await t.rejects(creating, { name: 'TypeError', message: /^The server at http:\/\/192\.0\.2\.1\/prefix did not respond in time/ })
  t.ok(gaveUp <= 10_500, `${gaveUp} ms`)
})

t.test('create reports what the server or the caller said, not a timeout of its own', async t => {
  const busy = () => new Response(JSON.stringify({ code: 'BOX_ERR_RATE' }), { status: 429, headers: { 'Retry-After': '4', 'Content-Type': 'application/problem+json' } })
  const { timers } = mock
  timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { timers.reset() })
  let asked = 0
  const creating = Box.create('http://box.test', { fetch: async () => { asked++; return busy() } })
  creating.catch(() => {})
  for (let now = 0; now < 60_000; now += 500) {
    await new Promise(resolve => setImmediate(resolve))
    timers.tick(500)
  }
  await t.rejects(creating, { name: 'BoxError', code: 'BOX_ERR_RATE' })
  t.equal(asked, 5)
  const reason = new DOMException('of the caller', 'TimeoutError')
  const controller = new AbortController()
  const given = Box.create('http://box.test', { signal: controller.signal, fetch: async input => await new Promise((_resolve, reject) => { (input as Request).signal.addEventListener('abort', () => { reject(reason) }) }) })
  controller.abort(reason)
  t.equal(await given.catch(error => error), reason)
})

t.test('one signal aborts everything that a box does', async t => {
  const link = await Box.create((await serve(t)).url).then(box => box.link)
  const controller = new AbortController()
  const box = Box.open(link, { signal: controller.signal, fetch: never })
  const results = Promise.allSettled([box.send(1), box.read(), box.acknowledge(1), box.messages().next()])
  setTimeout(() => { controller.abort(new Error('enough')) }, 5)
  for (const result of await results) t.match(result, { status: 'rejected', reason: { message: 'enough' } })
})

t.test('printing a box does not reveal its capabilities', async t => {
  const { inspect } = await import('node:util')
  const { box } = fakeBox(t, () => json({}))
  t.notMatch(inspect(box, { depth: 9, showHidden: true }), /box_|drop_/)
  t.notMatch(JSON.stringify(box), /box_|drop_/)
})

t.test('the plain client has every operation, once and typed', async t => {
  const client = createBoxClient((await serve(t)).url)
  const { data: created } = await client.POST('/boxes', {})
  const params = { path: { box: created!.data } }
  await client.POST('/boxes/{box}/messages', { params, body: { any: ['thing'] } })
  const { data: drained } = await client.DELETE('/boxes/{box}/messages', { params })
  t.strictSame(drained, { type: 'msgs', data: [{ any: ['thing'] }], next: 1 })
  const { data, error } = await client.PUT('/boxes/{box}/cursor', { params, body: { after: 2 } })
  t.equal(data, undefined)
  t.match(error, { code: 'BOX_ERR_CURSOR' })
})
