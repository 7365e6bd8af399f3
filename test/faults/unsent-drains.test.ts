import type { Socket } from 'node:net'
import t from 'tap'
import { outgoingOf } from '../../src/http/outgoing-of.js'
import { jsonText, type TestBox } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { until } from '../helpers/until.js'
import { LIMITS, MESSAGE, MIB, receive, request, rest, send, setUp, stream } from './unsent.js'

t.test('concurrent drains lose nothing: one without room is refused, and its messages stay', async t => {
  const { app, port, outgoing, full, hold, held } = await setUp(t)
  const boxes = await Promise.all(Array.from({ length: 6 }, full))
  hold()
  const sockets = await Promise.all(boxes.map(({ messages }) => send(t, port, request('DELETE', messages, { connection: 'close' }))))
  await until(() => held.drains > 0)
  let most = 0
  const look = setInterval(() => { most = Math.max(most, outgoing.unsent.bytes) }, 1)
  t.teardown(() => { clearInterval(look) })
  held.go()
  // All of them are decided before anything is read.
  await until(() => outgoing.unsent.bytes > 0)
  await receive(t, port, 'GET', '/problems/busy')
  const answers = await Promise.all(sockets.map(rest))
  let received = 0
  for (const [i, answer] of answers.entries()) {
    const left = (await app.inject((boxes[i] as TestBox).messages)).json().data.length
    const whole = answer.startsWith('HTTP/1.1 200') && answer.includes(MESSAGE)
    if (whole) received++
    else t.match(answer, /^HTTP\/1.1 503[^]*retry-after: \d+[^]*BOX_ERR_BUSY/)
    t.equal(left, whole ? 0 : 1, 'received or still there')
  }
  t.ok(received > 0 && received < boxes.length, `${received} of ${boxes.length} were received`)
  t.ok(most <= LIMITS.total, `at most ${most} bytes were unsent`)
})

t.test('many concurrent drains of small boxes all succeed', async t => {
  const { app, port, createBox } = await setUp(t)
  const boxes = await Promise.all(Array.from({ length: 40 }, createBox.bind(undefined, undefined)))
  for (const box of boxes) await box.store('small')
  const answers = await Promise.all(boxes.map(({ messages }) => receive(t, port, 'DELETE', messages)))
  for (const answer of answers) t.match(answer, /^HTTP\/1.1 200[^]*\["small"\]/)
  t.same(outgoingOf(app).unsent, { responses: 0, bytes: 0 })
})

t.test('large boxes are drained concurrently as far as there is room for their messages', async t => {
  const { app, port, outgoing, createBox, hold, held } = await setUp(t)
  const boxes = await Promise.all(Array.from({ length: 16 }, createBox.bind(undefined, undefined)))
  const text = 'x'.repeat(100_000)
  for (const box of boxes) await box.store(text)
  hold()
  const answers = boxes.map(({ messages }) => receive(t, port, 'DELETE', messages))
  await until(() => held.drains === boxes.length)
  held.go()
  for (const answer of await Promise.all(answers)) t.ok(answer.startsWith('HTTP/1.1 200') && answer.includes(text))
  await until(() => outgoing.unsent.bytes === 0)
  t.same(outgoingOf(app).unsent, { responses: 0, bytes: 0 })
})

t.test('a box that grows while its drain waits for room is drained completely', async t => {
  const { app, createBox, store } = await setUp(t)
  const box = await createBox()
  const drain = store.drain.bind(store)
  const sizes: Array<number | undefined> = []
  store.drain = async (drop, now, most) => {
    // Each time there is more than it was told.
    await box.store('x'.repeat(90_000))
    const drained = await drain(drop, now, most)
    sizes.push('needs' in drained ? drained.needs : undefined)
    return drained
  }
  const { data } = (await app.inject({ method: 'DELETE', url: box.messages })).json()
  t.equal(data.length, 3)
  t.same(sizes, [90_003, 180_006, undefined])
})

t.test('a drain whose client has closed its side of the connection removes nothing', async t => {
  const { app, port, createBox, hold, held } = await setUp(t)
  hold()
  for (let i = 0; i < 10; i++) {
    const box = await createBox()
    await box.store('kept')
    const socket = await send(t, port)
    socket.end(request('DELETE', box.messages))
    socket.resume()
    await closed(socket)
    held.go()
    t.match((await app.inject(box.messages)).json(), { data: ['kept'] })
  }
})

t.test('a failed drain releases its reservation', async t => {
  const { port, createBox } = await setUp(t)
  for (let i = 0; i < 4; i++) {
    const gone = (await createBox()).messages.replace(/box_.{8}/, 'box_AAAAAAAA')
    t.match(await receive(t, port, 'DELETE', gone), /^HTTP\/1.1 404/)
  }
  t.match(await receive(t, port, 'DELETE', (await createBox()).messages), /^HTTP\/1.1 200/)
})

t.test('the response to a drain never gives way to others', async t => {
  const { app, port, outgoing, full, createBox } = await setUp(t)
  const [drained, read] = [await full(), await full()]
  const owner = await send(t, port, request('DELETE', drained.messages, { connection: 'close' }))
  await until(() => outgoing.unsent.bytes > 6 * MIB)
  const others = { 'x-forwarded-for': '203.0.113.1' }
  const streams: Socket[] = []
  // Streams are not refused: they make others give way.
  for (let i = 0; i < 3; i++) streams.push(await send(t, port, request('GET', read.messages, { ...others, accept: 'text/event-stream' })))
  await until(() => streams.some(({ readableLength }) => readableLength > 0))
  await app.inject((await createBox()).messages)
  t.ok((await rest(owner)).includes(MESSAGE))
})

t.test('what comes behind the response to a drain begins when that is sent, and does not make it give way', async t => {
  const { port, outgoing, full } = await setUp(t)
  const [drained, read] = [await full(), await full()]
  const owner = await send(t, port, request('DELETE', drained.messages), request('GET', read.messages, { connection: 'close' }))
  await until(() => outgoing.unsent.bytes > 6 * MIB)
  const others = { 'x-forwarded-for': '203.0.113.1', accept: 'text/event-stream' }
  const streams: Socket[] = []
  for (let i = 0; i < 3; i++) streams.push(await send(t, port, request('GET', read.messages, others)))
  await until(() => streams.some(({ readableLength }) => readableLength > 0))
  t.equal((await rest(owner)).split(MESSAGE).length, 3)
})

t.test('drained messages arrive even if the response behind them is cut off', async t => {
  const { app, port, outgoing, full, createBox } = await setUp(t, { limits: { ...LIMITS, stallTimeout: 1 } })
  const box = await createBox()
  // The kernel takes this at once, so the response counts as sent before the client has read any of it.
  const text = `"${'d'.repeat(100_000)}"`
  await app.inject({ method: 'POST', url: box.messages, ...jsonText(text) })
  const socket = await send(t, port, request('DELETE', box.messages), request('GET', (await full()).messages))
  await until(() => outgoing.unsent.bytes > 0)
  await until(() => outgoing.unsent.responses === 0)
  t.ok((await rest(socket)).includes(text))
})

t.test('a drain behind another response waits its turn, and removes nothing if its client has disconnected', async t => {
  const { port, full, createBox, held } = await setUp(t)
  const [box, quiet] = [await full(), await createBox()]
  const socket = await send(t, port, stream(quiet), request('DELETE', box.messages))
  await receive(t, port, 'GET', quiet.messages)
  socket.destroy()
  await receive(t, port, 'GET', quiet.messages)
  t.equal(held.drains, 0)
  t.ok((await receive(t, port, 'GET', box.messages)).includes(MESSAGE))

  const pipelined = await rest(await send(t, port, request('GET', quiet.messages), request('DELETE', box.messages, { connection: 'close' })))
  t.ok(pipelined.includes(MESSAGE), 'and is answered then')
})
