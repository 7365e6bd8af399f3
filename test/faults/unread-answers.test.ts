import { once } from 'node:events'
import http2, { type ClientHttp2Session } from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { outgoingOf } from '../../src/http/outgoing-of.js'
import { overTls, readIdentity } from '../../src/server/tls.js'
import { build, jsonText, type TestBox } from '../helpers/build.js'
import { certificate } from '../helpers/certificate.js'
import { needs } from '../helpers/needs.js'
import { watchedStore } from '../helpers/stream-reader.js'
import { until } from '../helpers/until.js'

const MIB = 1024 * 1024
/** More than the kernel takes for a reader that reads nothing. */
const MESSAGE = `"${'m'.repeat(6 * MIB)}"`
const LIMITS = { perAddress: 16 * MIB, total: 24 * MIB, stallTimeout: 2 }
const READERS = 12

interface Protocol { name: string, http2?: boolean, tls?: boolean }
const HTTP1: Protocol = { name: 'HTTP/1.1' }
const PROTOCOLS: Protocol[] = [HTTP1, { name: 'HTTP/2', http2: true }, { name: 'HTTP/1.1 over TLS', tls: true }, { name: 'HTTP/2 over TLS', http2: true, tls: true }]

/** Over TLS as the standalone server has it, with both protocols. */
async function serverOver (t: Test, protocol: Protocol): Promise<object> {
  if (protocol.tls !== true) return protocol.http2 === true ? { http2: true } : {}
  return overTls(await readIdentity(await certificate(t)), 65_536)
}

async function setUp (t: Test, protocol: Protocol, limits = LIMITS) {
  const watch = watchedStore()
  const { app, createBox } = await build(t, {
    store: watch.store,
    limits,
    maxMessageBytes: 8 * MIB,
    maxBoxBytes: 8 * MIB,
    maxWaiters: 100,
    server: { trustProxy: true, bodyLimit: 8 * MIB, ...await serverOver(t, protocol) } as object
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const outgoing = outgoingOf(app)
  const put = async (box: TestBox) => { await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) }) }
  return { app, port, watch, createBox, outgoing, put }
}

interface Reader {
  /** what came, as far as anything was read */
  received: () => Promise<string>
  closed: Promise<unknown>
}

/** Asks and reads nothing of the answer. */
async function ask (t: Test, protocol: Protocol, port: number, request: { method: string, path: string, headers?: Record<string, string> }): Promise<Reader> {
  return protocol.http2 === true ? ask2(session(t, protocol, port), request) : await ask1(t, protocol, port, request)
}

async function ask1 (t: Test, protocol: Protocol, port: number, { method, path, headers = {} }: { method: string, path: string, headers?: Record<string, string> }): Promise<Reader> {
  const socket = protocol.tls === true ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  const closed = new Promise(resolve => { socket.once('close', resolve) })
  await once(socket, protocol.tls === true ? 'secureConnect' : 'connect')
  socket.pause()
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines}\r\n`)
  return {
    closed,
    received: async () => {
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk })
      socket.resume()
      await closed
      return text
    }
  }
}

const sessions = new WeakMap<Test, ClientHttp2Session>()

/** One session for all: what is cut must be the stream. */
function session (t: Test, { tls }: Protocol, port: number): ClientHttp2Session {
  let client = sessions.get(t)
  if (client === undefined) {
    const made = client = http2.connect(`${tls === true ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false })
    client.on('error', () => {})
    t.teardown(() => { made.destroy() })
    sessions.set(t, client)
  }
  return client
}

function ask2 (client: ClientHttp2Session, { method, path, headers = {} }: { method: string, path: string, headers?: Record<string, string> }): Reader {
  const stream = client.request({ ':method': method, ':path': path, ...headers }, { endStream: true })
  stream.on('error', () => {})
  let status = ''
  stream.on('response', answer => { status = `HTTP/2 ${answer[':status']}\r\nretry-after: ${answer['retry-after']}` })
  const closed = new Promise(resolve => { stream.once('close', resolve) })
  return {
    closed,
    received: async () => {
      let text = ''
      stream.setEncoding('latin1').on('data', (chunk: string) => { text += chunk })
      await closed
      return `${status}\r\n\r\n${text}`
    }
  }
}

const KINDS = {
  'a plain response': { method: 'GET' },
  'a drain': { method: 'DELETE' },
  'a long-poll': { method: 'GET', query: '?wait=60' },
  'a stream': { method: 'GET', headers: { accept: 'text/event-stream' } }
} as const

for (const protocol of PROTOCOLS) {
  const skip = protocol.tls === true && needs('openssl')
  for (const [kind, { method, ...how }] of Object.entries(KINDS)) {
    t.test(`${kind} that nobody reads, over ${protocol.name}, is bounded, cut off and forgotten`, { skip }, async t => {
      const { app, port, watch, createBox, outgoing, put } = await setUp(t, protocol)
      const held = kind === 'a long-poll' || kind === 'a stream'
      const boxes = await Promise.all(Array.from({ length: kind === 'a drain' ? READERS : 1 }, () => createBox()))
      if (!held) for (const box of boxes) await put(box)
      const [first] = boxes as [TestBox]
      const readers: Reader[] = []
      for (let i = 0; i < READERS; i++) {
        const { messages } = boxes[i % boxes.length] as TestBox
        readers.push(await ask(t, protocol, port, { method, path: messages + ('query' in how ? how.query : ''), ...('headers' in how ? { headers: how.headers } : {}) }))
      }
      let most = 0
      const look = setInterval(() => { most = Math.max(most, outgoing.unsent.bytes) }, 1)
      t.teardown(() => { clearInterval(look) })
      if (held) {
        await watch.until(READERS)
        await put(first)
      }
      await until(() => outgoing.unsent.bytes > 0)
      await until(() => outgoing.unsent.responses === 0)
      t.ok(most > 0 && most <= LIMITS.perAddress, `at most ${(most / MIB).toFixed(1)} MiB were unsent`)
      await until(() => watch.open === 0)
      t.equal(watch.open, 0, 'and nobody waits')
      if (protocol.http2 === true) t.notOk(session(t, protocol, port).destroyed, 'the session goes on')
      if (kind !== 'a drain') t.equal((await app.inject(first.messages)).body, `{"type":"msgs","data":[${MESSAGE}],"next":1}`, 'the next reader has all of it')
    })
  }

  t.test(`an address with too much unsent data is refused reads, over ${protocol.name}, and others are not`, { skip }, async t => {
    const { port, createBox, outgoing, put } = await setUp(t, protocol, { ...LIMITS, stallTimeout: 60 })
    const box = await createBox()
    await put(box)
    const path = box.messages
    await ask(t, protocol, port, { method: 'GET', path })
    await ask(t, protocol, port, { method: 'GET', path })
    await until(() => outgoing.unsent.responses === 2)
    const refused = await (await ask(t, protocol, port, { method: 'GET', path })).received()
    t.match(refused, /^HTTP\/[\d.]+ 503[^]*retry-after: \d+[^]*BOX_ERR_BUSY/i)
    const drain = await (await ask(t, protocol, port, { method: 'DELETE', path })).received()
    t.match(drain, /^HTTP\/[\d.]+ 503[^]*BOX_ERR_BUSY/i, 'a drain before it takes anything')
    const other = await (await ask(t, protocol, port, { method: 'GET', path, headers: { 'x-forwarded-for': '203.0.113.1' } })).received()
    t.match(other, /^HTTP\/[\d.]+ 200/)
    t.ok(other.includes(MESSAGE))
  })
}

t.test('a slow reader gets everything, however long it takes', async t => {
  const { port, createBox, put } = await setUp(t, HTTP1, { ...LIMITS, stallTimeout: 2 })
  const box = await createBox()
  await put(box)
  const socket = net.connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.write(`GET ${box.messages} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  let size = 0
  for await (const chunk of socket) {
    size += (chunk as Buffer).length
    await new Promise(resolve => setTimeout(resolve, 40))
  }
  t.ok(size > MESSAGE.length)
})

t.test('a full box can be read even if it exceeds the limit on all unsent data', async t => {
  const { port, createBox, put } = await setUp(t, HTTP1, { perAddress: MIB, total: MIB, stallTimeout: 60 })
  const box = await createBox()
  await put(box)
  const whole = await (await ask(t, HTTP1, port, { method: 'GET', path: box.messages })).received()
  t.ok(whole.includes(MESSAGE))
  await ask(t, HTTP1, port, { method: 'GET', path: box.messages })
  t.match(await (await ask(t, HTTP1, port, { method: 'GET', path: box.messages })).received(), /^HTTP\/1.1 503/)
})
