import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import http2, { type ClientHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import { createOutgoing, outgoingOf } from '../../src/http/outgoing-of.js'
import { jsonText } from '../helpers/build.js'
import { until } from '../helpers/until.js'
import { serve } from '../server/serve.js'
import { LIMITS, MIB, portOf, receive, request, rest, send, setUp, stream } from './unsent.js'

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
