import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import http2, { type ClientHttp2Stream } from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createOutgoing, outgoingOf } from '../../src/http/outgoing-of.js'
import { memoryStore } from '../../src/store/memory.js'
import { build, jsonText, type TestBox } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { serve } from '../server/serve.js'
import { until } from '../helpers/until.js'

const MIB = 1024 * 1024
/** More than the kernel takes for a client that reads nothing. */
const MESSAGE = `"${'m'.repeat(6 * MIB)}"`
const LIMITS = { perAddress: 16 * MIB, total: 16 * MIB, stallTimeout: 60 }

/** A server with boxes of up to 8 MiB, whose store can be held up. */
async function setUp (t: Test, { limits = LIMITS, http2 = false } = {}) {
  const store = memoryStore()
  const drain = store.drain.bind(store)
  const held = { drains: 0, go: () => {} }
  store.drain = async (...args) => {
    held.drains++
    await gate
    return await drain(...args)
  }
  let gate: Promise<void> | undefined
  const { app, createBox } = await build(t, {
    store, limits, maxMessageBytes: 8 * MIB, maxBoxBytes: 8 * MIB, maxStoreBytes: 1024 * MIB, server: { trustProxy: true, bodyLimit: 8 * MIB, ...(http2 ? { http2 } : {}) } as object
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const full = async (): Promise<TestBox> => {
    const box = await createBox()
    await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })
    return box
  }
  /** Lets drains wait in the store, as they wait for a round trip, until `go` is called. */
  const hold = (): void => { gate = new Promise(resolve => { held.go = resolve }) }
  return { app, store, port: portOf(app), outgoing: outgoingOf(app), createBox, full, held, hold }
}

function portOf (app: FastifyInstance): number {
  return (app.server.address() as AddressInfo).port
}

/** Sends requests over a connection of its own and reads nothing. */
async function send (t: Test, port: number, ...requests: string[]): Promise<Socket> {
  const socket = net.connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(requests.join(''))
  return socket
}

function request (method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`
}

/** Sends one request, and reads all of the response. */
async function receive (t: Test, port: number, method: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  return await rest(await send(t, port, request(method, path, { connection: 'close', ...headers })))
}

async function rest (socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => { chunks.push(chunk) })
  socket.resume()
  await closed(socket)
  return Buffer.concat(chunks).toString('latin1')
}

const stream = (box: TestBox): string => request('GET', box.messages, { accept: 'text/event-stream' })

t.test('what waits behind an open stream takes no room', async t => {
  const { port, outgoing, full, createBox } = await setUp(t)
  const [box, quiet] = [await full(), await createBox()]
  await send(t, port, stream(quiet), request('HEAD', box.messages).repeat(4), request('GET', box.messages).repeat(4))
  await receive(t, port, 'GET', quiet.messages)
  t.ok(outgoing.unsent.bytes < MIB, `${outgoing.unsent.bytes} bytes`)
  t.match(await receive(t, port, 'DELETE', box.messages), /^HTTP\/1.1 200/)
})

t.test('a request may wait behind a long-poll for longer than a response may make no progress', async t => {
  const { port, createBox } = await setUp(t, { limits: { ...LIMITS, stallTimeout: 1 } })
  const box = await createBox()
  const socket = await send(t, port, request('GET', `${box.messages}?wait=4`), request('GET', box.messages, { connection: 'close' }))
  t.equal((await rest(socket)).match(/HTTP\/1.1 200/g)?.length, 2)
})

t.test('a response to HEAD is refused like one to GET: it is built for its length', async t => {
  const { app, store, port, full } = await setUp(t)
  const box = await full()
  const read = store.read.bind(store)
  let reads = 0
  // All pages come at once.
  const gate = new Promise<void>(resolve => {
    store.read = async (...args) => {
      const page = await read(...args)
      if (++reads === 6) resolve()
      await gate
      return page
    }
  })
  const answers = await Promise.all(Array.from({ length: 6 }, () => receive(t, port, 'HEAD', box.messages)))
  t.same(answers.map(answer => answer.slice(9, 12)).sort(), ['200', '200', '503', '503', '503', '503'])
  await until(() => outgoingOf(app).unsent.bytes === 0)
})

t.test('a response that makes no progress gives way to a drain from another address', async t => {
  const { port, outgoing, full, createBox } = await setUp(t)
  const box = await full()
  const quiet = await createBox()
  for (let i = 0; i < 2; i++) await send(t, port, request('GET', box.messages))
  await until(() => outgoing.unsent.bytes > 12 * MIB)
  const others = { 'x-forwarded-for': '203.0.113.1' }
  const drains = [['DELETE', quiet.messages], ['GET', `/box.php?box=${quiet.id}`]] as const
  for (const [method, path] of drains) {
    let answer = ''
    while (!answer.startsWith('HTTP/1.1 200')) answer = await receive(t, port, method, path, others)
    t.match(answer, /"data":\[\]/)
  }
})

t.test('HTTP/2 requests that never end count only until they get a response', async t => {
  const { app, port, outgoing, full } = await setUp(t, { http2: true })
  const box = await full()
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => { session.destroy() })
  session.on('error', () => {})
  const streams: ClientHttp2Stream[] = []
  for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET']) {
    const stream = session.request({ ':method': method, ':path': box.messages }, { endStream: false })
    stream.on('error', () => {})
    streams.push(stream)
    const [headers] = await once(stream, 'response')
    t.equal(headers[':status'], 200)
    if (method === 'GET') await once(stream.resume(), 'end')
  }
  await until(() => outgoing.unsent.bytes === 0)
  t.equal((await app.inject({ method: 'DELETE', url: box.messages })).statusCode, 200)
  for (const stream of streams) stream.destroy()
})

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

t.test('a streamed message counts by its bytes, not its characters', async t => {
  const { app, port, outgoing, createBox } = await setUp(t)
  const [box, quiet] = [await createBox(), await createBox()]
  await app.inject({ method: 'POST', url: box.messages, ...jsonText(`"${'€'.repeat(2 * MIB)}"`) })
  await send(t, port, stream(box))
  await until(() => outgoing.unsent.responses === 1)
  await receive(t, port, 'GET', quiet.messages)
  t.ok(outgoing.unsent.bytes > 6 * MIB, `${outgoing.unsent.bytes} bytes`)
})

t.test('the limits of a server can be set only once', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const outgoing = createOutgoing(app, LIMITS)
  t.equal(outgoingOf(app), outgoing)
  t.throws(() => createOutgoing(app, LIMITS), { message: /are set already/ })
})

t.test('a streamed payload that nobody reads is counted and cut off, and its source released', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const outgoing = createOutgoing(app, { ...LIMITS, stallTimeout: 2 })
  outgoing.watch(app)
  const sources: Readable[] = []
  app.get('/file', async () => {
    const source = new Readable({ read () { this.push(Buffer.alloc(16 * 1024)) } })
    sources.push(source)
    return source
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const sockets = await Promise.all([1, 2].map(() => send(t, portOf(app), request('GET', '/file').repeat(3))))
  await until(() => outgoing.unsent.responses > 1)
  t.ok(outgoing.unsent.bytes >= 2 * 64 * 1024)
  await until(() => outgoing.unsent.responses === 0)
  await until(() => sources.every(({ destroyed }) => destroyed))
  t.equal(sources.length, 2, 'none begins before the one ahead of it is sent')
  for (const socket of sockets) t.equal((await rest(socket)).match(/HTTP\/1.1 200/g)?.length, 1)
})

t.test('the limits apply to every response of the server', async t => {
  const { app, listen } = await serve(t, ['--rate-limit=off'], { limits: { ...LIMITS, stallTimeout: 2 } })
  const port = await listen()
  const outgoing = outgoingOf(app)
  t.equal((await app.inject('/docs/static/swagger-ui-bundle.js')).statusCode, 200)
  let open = 0
  app.server.on('request', (_request, response: ServerResponse) => {
    open++
    response.once('finish', () => { open-- })
  })
  /** Whether the kernel takes everything that was asked for. */
  const taken = async (asked: number, seen: () => number): Promise<boolean> => {
    for (let stuck = 0; stuck < 100; stuck = outgoing.unsent.responses > 0 ? stuck + 1 : 0) {
      if (open === 0 && seen() === asked) return true
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    return false
  }
  for (const [url, requests] of Object.entries({ '/docs/static/swagger-ui-bundle.js': 1, '/metrics': 1, '/nowhere': 16, '/%': 16 })) {
    const socket = await send(t, port)
    let [asked, seen] = [0, 0]
    open = 0
    app.server.on('request', () => { seen++ })
    // The kernel takes some megabytes.
    do {
      asked += requests
      socket.write(request('GET', url).repeat(requests))
    } while (await taken(asked, () => seen))
    t.ok(outgoing.unsent.bytes > 0, `${url} is counted`)
    await until(() => outgoing.unsent.responses === 0)
    socket.resume()
    await until(() => socket.closed)
  }
})
