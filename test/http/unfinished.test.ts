import { once } from 'node:events'
import http2, { type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build } from '../helpers/build.js'
import { until } from '../helpers/until.js'

const MIB = 1024 * 1024
const REFUSED = http2.constants.NGHTTP2_REFUSED_STREAM

/** Resolves once the stream is closed, even by an error. */
async function closed (stream: ClientHttp2Stream): Promise<void> {
  if (!stream.destroyed) await new Promise<void>(resolve => { stream.once('close', () => { resolve() }) })
}

/** A host over HTTP/2 that takes messages of 8 MiB, and a client that begins requests and does not end them. */
async function setUp (t: Test, before: (app: FastifyInstance) => void = () => {}) {
  const { app, createBox } = await build(t, { before, maxMessageBytes: 8 * MIB, maxBoxBytes: 8 * MIB, server: { http2: true, trustProxy: true, bodyLimit: 8 * MIB } as object })
  const { messages } = await createBox()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = http2.connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => { session.destroy() })
  const begin = (headers: OutgoingHttpHeaders): ClientHttp2Stream => {
    const stream = session.request({ ':method': 'POST', ':path': messages, 'content-type': 'text/plain', ...headers }, { endStream: false })
    return stream.on('error', () => {})
  }
  /** One that announces seven megabytes, which count twice. */
  const large = (address: string): ClientHttp2Stream => begin({ 'content-length': String(7 * MIB), 'x-forwarded-for': address })
  const answers = async (): Promise<number> => (await once(session.request({ ':path': messages }).resume(), 'response'))[0][':status']
  return { session, begin, large, answers }
}

t.test('large requests of one client over HTTP/2 are refused while others are open, and accepted again afterwards', async t => {
  const { session, large, answers } = await setUp(t)
  const first = large('192.0.2.1')
  const second = large('192.0.2.1')
  await closed(second)
  t.equal(second.rstCode, REFUSED)
  const other = large('192.0.2.2')
  t.equal(await answers(), 200, 'a small request is served')
  t.notOk(other.closed, 'and so is another client')
  first.close(http2.constants.NGHTTP2_CANCEL)
  await closed(first)
  await answers()
  const third = large('192.0.2.1')
  t.equal(await answers(), 200)
  t.notOk(third.closed)
  t.notOk(session.destroyed)
})

t.test('the large requests of all clients are bounded together', async t => {
  const { large, answers } = await setUp(t)
  const streams = Array.from({ length: 6 }, (_, i) => large(`192.0.2.${i}`))
  await Promise.all(streams.slice(4).map(closed))
  t.equal(await answers(), 200)
  t.same(streams.map(({ rstCode, closed }) => closed && rstCode === REFUSED), [false, false, false, false, true, true])
})

t.test('a request whose client has gone while a hook of the host ran counts as nothing', async t => {
  let ran = (): void => {}
  const hook = new Promise<void>(resolve => { ran = resolve })
  let go = (): void => {}
  const gone = new Promise<void>(resolve => { go = resolve })
  const { large, answers } = await setUp(t, app => {
    app.addHook('onRequest', async request => {
      if (request.headers['x-forwarded-for'] !== '192.0.2.9') return
      ran()
      await gone
    })
  })
  const left = large('192.0.2.9')
  await hook
  left.close(http2.constants.NGHTTP2_CANCEL)
  await closed(left)
  t.equal(await answers(), 200)
  go()
  t.equal(await answers(), 200)
  const streams = [1, 2, 3, 4].map(i => large(`192.0.2.${i}`))
  t.equal(await answers(), 200)
  t.notOk(streams.some(({ closed }) => closed), 'all four fit')
})

t.test('headers count too', async t => {
  const { begin } = await setUp(t)
  const streams = Array.from({ length: 400 }, () => begin({ 'x-filling': 'x'.repeat(60_000), 'content-length': '1' }))
  await until(() => streams.some(({ closed }) => closed))
  for (const stream of streams) if (stream.closed) t.equal(stream.rstCode, REFUSED)
  t.ok(streams.filter(({ closed }) => !closed).length > 200)
})

t.test('a request that is refused before its end is answered whole, and then its stream is closed', async t => {
  const { begin, answers } = await setUp(t)
  for (const headers of [{ 'content-type': 'image/png' }, { ':path': '/boxes/drop_x/messages' }, { ':method': 'GET' }]) {
    const stream = begin(headers)
    stream.write('the beginning')
    const [answer] = await once(stream, 'response')
    const body = Buffer.concat(await stream.toArray())
    await closed(stream)
    t.equal(String(body.length), answer['content-length'], `${answer[':status']}`)
    t.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR)
  }
  t.equal(await answers(), 200)
})
