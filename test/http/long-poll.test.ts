import http from 'node:http'
import t from 'tap'
import { build, isProblem, json } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'

t.test('a message in the box is returned at once', async t => {
  const { createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  t.same((await box.read('?wait=60')).json(), { type: 'msgs', data: ['a'], next: 1 })
})

t.test('a new message ends the wait of every reader', async t => {
  const watch = watchedStore()
  const { createBox } = await build(t, { store: watch.store })
  const box = await createBox()
  await box.store('a')
  const reads = ['?after=1&wait=60', '?after=1&wait=60&limit=1', '?after=1&wait=60'].map(query => box.read(query))
  await watch.until(3)
  await box.store('b')
  for (const read of reads) t.same((await read).json(), { type: 'msgs', data: ['b'], next: 2 })
  t.equal(watch.open, 0, 'nothing is held after the last waiter')
})

t.test('a wait ends empty when its time is up, and no later than maxWait', async t => {
  const { createBox } = await build(t, { maxWait: 1 })
  const box = await createBox()
  const start = Date.now()
  const answers = await Promise.all([box.read('?wait=1'), box.read('?wait=60')])
  for (const answer of answers) t.same(answer.json(), { type: 'msgs', data: [], next: 0 })
  const elapsed = Date.now() - start
  t.ok(elapsed >= 990 && elapsed < 10_000, `${elapsed} ms`)
})

t.test('a clock that jumps during a wait neither lengthens nor ends it', async t => {
  const watch = watchedStore()
  const { clock, createBox } = await build(t, { store: watch.store, maxWait: 1 })
  for (const jump of [-86_400 * 365, 3600]) {
    const box = await createBox()
    const start = Date.now()
    const held = box.read('?wait=60')
    await watch.until(1)
    clock.turn(jump)
    t.same((await held).json().data, [])
    const elapsed = Date.now() - start
    t.ok(elapsed >= 990 && elapsed < 10_000, `${elapsed} ms`)
  }
})

t.test('with maxWait 0, no read waits', async t => {
  const { createBox } = await build(t, { maxWait: 0 })
  t.same((await (await createBox()).read('?wait=60')).json().data, [])
})

t.test('waiters are limited per box', async t => {
  const watch = watchedStore()
  const { createBox } = await build(t, { store: watch.store, maxWaiters: 2 })
  const [box, other] = [await createBox(), await createBox()]
  const reads = [box.read('?wait=60'), box.read('?wait=60')]
  await watch.until(2)
  const refused = await box.read('?wait=60')
  isProblem(t, refused, 429, 'BOX_ERR_RATE')
  t.match(refused.headers['retry-after'], /^[1-9]/)
  const elsewhere = other.read('?wait=60')
  await watch.until(3)
  await box.store('a')
  await other.store('b')
  await Promise.all([...reads, elsewhere])
  const again = box.read('?after=1&wait=60')
  await watch.until(1)
  await box.store('b')
  t.same((await again).json().data, ['b'])
})

t.test('waiters are limited per client address', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store, rateLimit: { waiters: 2 } })
  const boxes = [await createBox(), await createBox(), await createBox()] as const
  const from = (remoteAddress: string, box: { messages: string }) => app.inject({ url: `${box.messages}?wait=60`, remoteAddress })
  const held = [from('2001:db8::1', boxes[0]), from('2001:db8::2', boxes[1])]
  await watch.until(2)
  isProblem(t, await from('2001:db8::3', boxes[2]), 429, 'BOX_ERR_RATE')
  const elsewhere = from('2001:db8:0:1::3', boxes[2])
  await watch.until(3)
  for (const box of boxes) await box.store('a')
  await Promise.all([...held, elsewhere])
  t.equal((await from('2001:db8::3', boxes[2])).statusCode, 200)
})

t.test('a reader that disconnects frees its places at once', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store, maxWaiters: 1, rateLimit: { waiters: 1 } })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  for (let i = 0; i < 5; i++) {
    const request = http.get(`${origin}${box.messages}?wait=60`, { agent: false }).on('error', () => {})
    await watch.until(1)
    request.destroy()
    await watch.until(0)
  }
  const held = box.read('?wait=60')
  await watch.until(1)
  await box.store('a')
  t.equal((await held).statusCode, 200)
})

t.test('a reader that disconnects while the store subscribes frees its places too', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store, maxWaiters: 1, rateLimit: { waiters: 1 } })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const { subscribe } = watch.store
  let go = (): void => {}
  let asked = (): void => {}
  watch.store.subscribe = async (drop, listener) => {
    asked()
    await new Promise<void>(resolve => { go = resolve })
    return subscribe(drop, listener)
  }
  for (const accept of ['application/json', 'text/event-stream']) {
    const gone = new Promise<void>(resolve => {
      app.server.once('request', (_request, response) => { response.once('close', resolve) })
    })
    const subscribing = new Promise<void>(resolve => { asked = resolve })
    const request = http.get(`${origin}${box.messages}?wait=60`, { agent: false, headers: { accept } }).on('error', () => {})
    await subscribing
    request.destroy()
    await gone
    const { total } = watch
    go()
    while (watch.total === total) await new Promise(resolve => setTimeout(resolve, 1))
    await new Promise(resolve => setImmediate(resolve))
    t.equal(watch.open, 0, accept)
  }
  watch.store.subscribe = subscribe
  const held = app.inject({ url: `${box.messages}?wait=60` })
  await watch.until(1)
  await box.store('a')
  t.equal((await held).statusCode, 200)
})

t.test('a box that is deleted or expires ends the wait', async t => {
  const watch = watchedStore()
  const { app, clock, createBox } = await build(t, { store: watch.store })
  const deleted = await createBox()
  const held = deleted.read('?wait=60')
  await watch.until(1)
  await app.inject({ method: 'DELETE', url: deleted.url })
  isProblem(t, await held, 404, 'BOX_ERR_NOT_FOUND')

  const expired = await createBox({ ttl: 1 })
  const late = expired.read('?wait=60')
  await watch.until(1)
  clock.turn(2)
  isProblem(t, await late, 404, 'BOX_ERR_NOT_FOUND')
})

t.test('a waiting reader keeps its box alive', async t => {
  const watch = watchedStore()
  const { clock, createBox } = await build(t, { store: watch.store })
  clock.run()
  const box = await createBox({ ttl: 1 })
  const held = box.read('?wait=60')
  await new Promise(resolve => setTimeout(resolve, 1500))
  t.equal((await box.store('late')).statusCode, 200)
  t.same((await held).json().data, ['late'])
})

t.test('an acknowledgement or a drain does not end a wait', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store })
  const box = await createBox()
  await box.store('a')
  const held = box.read('?after=1&wait=60')
  await watch.until(1)
  await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 1 }) })
  await app.inject({ method: 'DELETE', url: box.messages })
  await box.store('b')
  t.same((await held).json(), { type: 'msgs', data: ['b'], next: 2 })
})

t.test('closing ends every wait at once', async t => {
  const watch = watchedStore()
  const { app, createBox } = await build(t, { store: watch.store })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const held = fetch(`${origin}${box.messages}?wait=60`)
  await watch.until(1)
  const start = Date.now()
  const closing = app.close()
  const answer = await held
  t.equal(answer.status, 200)
  t.same(await answer.json(), { type: 'msgs', data: [], next: 0 })
  await closing
  t.ok(Date.now() - start < 5000)
  t.equal(watch.open, 0)
})
