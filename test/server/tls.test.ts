import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { followTls, overTls, readIdentity } from '../../src/server/tls.js'
import { certificate } from '../helpers/certificate.js'
import { needs } from '../helpers/needs.js'
import { runServer, ServerProcess } from '../helpers/server-process.js'
import { until } from '../helpers/until.js'
import { serve } from './serve.js'

const skip = needs('openssl')
const TRUSTING = { rejectUnauthorized: false }

async function serveTls (t: Test, flags: string[] = []) {
  const { cert, key } = await certificate(t)
  const server = await serve(t, [`--tls-cert=${cert}`, `--tls-key=${key}`, ...flags])
  return { ...server, port: await server.listen() }
}

function connect2 (t: Test, port: number): ClientHttp2Session {
  const session = http2.connect(`https://127.0.0.1:${port}`, TRUSTING)
  session.on('error', () => {})
  t.teardown(() => { session.destroy() })
  return session
}

interface Answer { status: number, headers: IncomingHttpHeaders, body: string }

async function ask2 (session: ClientHttp2Session, path: string, headers: http2.OutgoingHttpHeaders = {}): Promise<Answer> {
  const stream = session.request({ ':path': path, ...headers }, { endStream: true })
  const [answer] = await once(stream, 'response') as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader]
  return { status: answer[':status'] ?? 0, headers: answer, body: Buffer.concat(await stream.toArray()).toString() }
}

async function ask1 (port: number, options: https.RequestOptions): Promise<Answer> {
  const request = https.request({ host: '127.0.0.1', port, agent: false, ...TRUSTING, ...options }).end()
  const [answer] = await once(request, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()).toString() }
}

t.test('one port speaks HTTP/2 and HTTP/1.1 over TLS, and counts both against the same client', { skip }, async t => {
  const { port } = await serveTls(t, ['--rate-limit-creates=2'])
  const session = connect2(t, port)
  const first = await ask2(session, '/boxes', { ':method': 'POST' })
  t.match(first, { status: 201, headers: { 'ratelimit-remaining': '1' } })
  t.notOk('strict-transport-security' in first.headers)
  t.match(await ask1(port, { method: 'POST', path: '/boxes' }), { status: 201, headers: { 'ratelimit-remaining': '0' } })
  t.match(await ask2(session, '/boxes', { ':method': 'POST' }), { status: 429, body: /BOX_ERR_RATE/ })
  t.match(await ask2(session, '/'), { status: 200, headers: { 'content-type': /text/ } })
})

t.test('a message goes from a sender over HTTP/1.1 to a stream over HTTP/2', { skip }, async t => {
  const { port } = await serveTls(t)
  const session = connect2(t, port)
  const { data, drop } = JSON.parse((await ask2(session, '/boxes', { ':method': 'POST' })).body)
  const stream = session.request({ ':path': `/boxes/${data}/messages`, accept: 'text/event-stream' })
  await once(stream, 'response')
  const sent = https.request({ host: '127.0.0.1', port, method: 'POST', path: `/boxes/${drop}/messages`, headers: { 'content-type': 'application/json' }, agent: false, ...TRUSTING }).end('"hello"')
  const [answer] = await once(sent, 'response')
  t.equal(answer.resume().statusCode, 200)
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) if ((text += chunk).includes('hello')) break
  t.match(text, /data: "hello"/)
})

t.test('clients of PeerJS are served over TLS, and other requests to upgrade are ordinary requests', { skip }, async t => {
  const { app, port } = await serveTls(t, ['--peerjs=/peerjs'])
  const socket = new WebSocket(`wss://127.0.0.1:${port}/peerjs/peerjs?key=peerjs&id=a&token=b`, TRUSTING)
  const [message] = await once(socket, 'message')
  t.equal(String(message), '{"type":"OPEN"}')
  t.match(await ask1(port, { method: 'POST', path: '/boxes', headers: { connection: 'Upgrade', upgrade: 'h2c' } }), { status: 201 })
  await Promise.all([app.close(), once(socket, 'close')])
})

t.test('bad requests get a problem document over both', { skip }, async t => {
  const { port } = await serveTls(t)
  const session = connect2(t, port)
  t.match(await ask2(session, '/nothing'), { status: 404, body: /BOX_ERR_NO_ROUTE/ })
  t.match(await ask2(session, '/boxes', { ':method': 'PATCH' }), { status: 405 })
  t.match(await ask2(session, '/boxes', { ':method': 'POST', expect: 'a miracle' }), { status: 417 })
  t.match(await ask1(port, { path: `/box.php?${'a'.repeat(70_000)}` }), { status: 431, body: /BOX_ERR_HEADERS/ })
  t.match(await ask1(port, { path: `/box.php?${'a'.repeat(60_000)}` }), { status: 200 }, 'a long message fits into the URL')
  const twoHosts = tls.connect({ port, host: '127.0.0.1', ...TRUSTING, ALPNProtocols: ['http/1.1'] })
  twoHosts.end('GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  t.match(Buffer.concat(await twoHosts.toArray()).toString(), /^HTTP\/1.1 400 [^]*exactly one Host/)
})

t.test('HTTP/1.1 over TLS has the time limits that plain HTTP has', { skip }, async t => {
  const { app } = await serveTls(t)
  const plain = await serve(t)
  const limits = ['headersTimeout', 'requestTimeout', 'keepAliveTimeout', 'connectionsCheckingInterval'] as const
  for (const limit of limits) t.equal((app.server as never)[limit], (plain.app.server as never)[limit] ?? 1_000, limit)
})

t.test('a client has its connections counted before the handshake', { skip }, async t => {
  const { port } = await serveTls(t, ['--rate-limit-connections=2'])
  const silent = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')]
  t.teardown(() => { for (const socket of silent) socket.destroy() })
  await Promise.all(silent.map(socket => once(socket, 'connect')))
  await t.rejects(ask1(port, { path: '/health/live' }))
  silent[0]?.destroy()
  let status = 0
  while (status !== 200) ({ status } = await ask1(port, { path: '/health/live' }).catch(() => ({ status: 0 })))
  t.equal(status, 200, 'until one is closed')
})

t.test('over HTTP/2, four times as many requests can be open as connections, besides health checks', { skip }, async t => {
  const { port, logs } = await serveTls(t, ['--max-connections=2', '--max-waiters=20'])
  const session = connect2(t, port)
  const { data } = JSON.parse((await ask2(session, '/boxes', { ':method': 'POST' })).body)
  const streams = Array.from({ length: 10 }, () => session.request({ ':path': `/boxes/${data}/messages`, accept: 'text/event-stream' }))
  for (const stream of streams) stream.on('error', () => {})
  await Promise.all(streams.slice(0, 8).map(stream => once(stream, 'response')))
  await Promise.all(streams.slice(8).map(stream => new Promise(resolve => { stream.once('close', resolve) })))
  for (const { rstCode } of streams.slice(8)) t.equal(rstCode, http2.constants.NGHTTP2_REFUSED_STREAM)
  t.equal((await ask2(session, '/health/live')).status, 200)
  t.equal(logs().match(/requests are open over HTTP\/2; new ones are refused/g)?.length, 1)
  t.notMatch(logs().split('\n').filter(line => line.includes('/messages')).join('\n'), /"statusCode":200/)
  streams[0]?.close()
  let status = 0
  while (status !== 200) ({ status } = await ask2(session, '/openapi.json').catch(() => ({ status: 0 })))
  t.equal(status, 200, 'until one of them ends')
})

t.test('over HTTP/2, the requests of one address leave room for those of others', { skip }, async t => {
  const { port } = await serveTls(t, ['--rate-limit-connections=1', '--max-waiters=20', '--trust-proxy=127.0.0.1'])
  const session = connect2(t, port)
  const { data } = JSON.parse((await ask2(session, '/boxes', { ':method': 'POST' })).body)
  const of = (address: string) => session.request({ ':path': `/boxes/${data}/messages`, accept: 'text/event-stream', 'x-forwarded-for': address }).on('error', () => {})
  const streams = Array.from({ length: 4 }, () => of('192.0.2.1'))
  await Promise.all(streams.map(stream => once(stream, 'response')))
  const further = of('192.0.2.1')
  await new Promise(resolve => { further.once('close', resolve) })
  t.equal(further.rstCode, http2.constants.NGHTTP2_REFUSED_STREAM)
  const [answer] = await once(of('192.0.2.2'), 'response')
  t.equal(answer[':status'], 200)
})

t.test('the log has the address of a client that closed its stream at once', { skip }, async t => {
  const { port, logs } = await serveTls(t)
  const session = connect2(t, port)
  const { data } = JSON.parse((await ask2(session, '/boxes', { ':method': 'POST' })).body)
  const stream = session.request({ ':path': `/boxes/${data}/messages?wait=20` })
  stream.on('error', () => {})
  await ask2(session, '/health/live')
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await until(() => logs().includes('/messages'))
  for (const line of logs().trim().split('\n').filter(line => line.includes('"req"'))) t.match(line, /"remoteAddress":"127\.0\.0\.1"/)
})

t.test('a shutdown ends streams, idle sessions and silent connections', { skip }, async t => {
  const { app, port } = await serveTls(t)
  const [idle, reading] = [connect2(t, port), connect2(t, port)]
  const { data } = JSON.parse((await ask2(reading, '/boxes', { ':method': 'POST' })).body)
  await ask2(idle, '/health/live')
  const stream = reading.request({ ':path': `/boxes/${data}/messages`, accept: 'text/event-stream' })
  await once(stream, 'response')
  stream.resume()
  const silent = net.connect(port, '127.0.0.1')
  await once(silent, 'connect')
  await Promise.all([app.close(), once(stream, 'end'), once(idle, 'close'), once(reading, 'close'), once(silent, 'close')])
  t.notOk(app.server.listening)
})

t.test('a certificate that changes is used for new connections; one that does not fit its key is not', { skip }, async t => {
  const [first, second] = [await certificate(t), await certificate(t)]
  const files = { cert: join(t.testdir(), 'cert.pem'), key: join(t.testdirName, 'key.pem') }
  await copyFile(first.cert, files.cert)
  await copyFile(first.key, files.key)
  const lines: string[] = []
  const app = Fastify({ logger: { stream: { write: (line: string) => { lines.push(line) } } }, ...overTls(await readIdentity(files), 65_536) })
  followTls(app, files, 20)
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as net.AddressInfo
  const shown = async (): Promise<string> => {
    const socket = tls.connect({ port, host: '127.0.0.1', ...TRUSTING })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  const before = await shown()
  await copyFile(second.cert, files.cert)
  await until(() => lines.some(line => line.includes('keeps the one it has')))
  t.match(lines.join(''), /--tls-key expected the key of the certificate in/)
  t.equal(await shown(), before)
  await copyFile(second.key, files.key)
  await until(() => lines.some(line => line.includes('The certificate was replaced')))
  t.not(await shown(), before)
  await writeFile(files.key, 'nonsense')
  await until(() => lines.some(line => line.includes('without a passphrase')))
  t.not(await shown(), before)
})

t.test('what does not fit is refused at the start, in one sentence', { skip }, async t => {
  const [{ cert, key }, other] = [await certificate(t), await certificate(t)]
  const text = join(t.testdir(), 'text')
  await writeFile(text, 'nonsense')
  const cases: [string[], RegExp][] = [
    [[`--tls-cert=${cert}`], /^signalbox: --tls-cert requires --tls-key\n$/],
    [[`--tls-key=${key}`], /^signalbox: --tls-key requires --tls-cert\n$/],
    [['--tls-cert=/no/such', `--tls-key=${key}`], /^signalbox: --tls-cert expected a file that can be read, received \/no\/such \(ENOENT\)\n$/],
    [[`--tls-cert=${text}`, `--tls-key=${key}`], /^signalbox: --tls-cert expected a certificate in PEM, received .*text\n$/],
    [[`--tls-cert=${cert}`, `--tls-key=${text}`], /^signalbox: --tls-key expected a private key in PEM without a passphrase, received .*text\n$/],
    [[`--tls-cert=${cert}`, `--tls-key=${other.key}`], /^signalbox: --tls-key expected the key of the certificate in .*, received .*\n$/]
  ]
  await Promise.all(cases.map(async ([flags, stderr]) => { t.match(await runServer(t, ['--store=memory:', ...flags]), { code: 1, stderr }) }))
})

t.test('the server says that it is ready on https', { skip }, async t => {
  const { cert, key } = await certificate(t)
  const server = await ServerProcess.start(t, ['--store=memory:', `--tls-cert=${cert}`, `--tls-key=${key}`])
  t.match(server.url, /^https:/)
  t.equal((await ask1(Number(new URL(server.url).port), { path: '/health/ready' })).status, 200)
  t.equal((await server.kill()).code, 0)
})
