import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Box } from '../../clients/typescript/src/index.js'
import { build } from '../helpers/build.js'
import { certificate } from '../helpers/certificate.js'
import { needs } from '../helpers/needs.js'
import { until } from '../helpers/until.js'

/** A host with the plugin, and what closing it is to end by itself. */
async function host (t: Test, server: object = {}) {
  const { app, createBox } = await build(t, { server })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, createBox, port }
}

t.test('a host closes after a loop over a box was left in the same process', async t => {
  const { app, createBox, port } = await host(t)
  const created = await createBox()
  await created.store('a')
  const taken = []
  for await (const message of Box.open(`http://127.0.0.1:${port}${created.url}`)) if (taken.push(message) === 1) break
  t.same(taken, ['a'])
  await app.close()
  t.notOk(app.server.listening)
})

t.test('a host closes despite open connections without a request', async t => {
  const { app, port } = await host(t)
  const silent = net.connect(port, '127.0.0.1')
  await once(silent, 'connect')
  const kept = net.connect(port, '127.0.0.1')
  kept.write('POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  await once(kept, 'data')
  await Promise.all([app.close(), once(silent, 'close'), once(kept, 'close')])
  t.notOk(app.server.listening)
})

t.test('a host closes despite idle HTTP/2 sessions, and ends their streams', async t => {
  const { app, createBox, port } = await host(t, { http2: true })
  const silent = net.connect(port, '127.0.0.1')
  const idle = http2.connect(`http://127.0.0.1:${port}`)
  const reading = http2.connect(`http://127.0.0.1:${port}`)
  await Promise.all([once(idle, 'remoteSettings'), once(silent, 'connect')])
  const { messages } = await createBox()
  const stream = reading.request({ ':path': messages, accept: 'text/event-stream' })
  await once(stream, 'data')
  stream.resume()
  await Promise.all([app.close(), once(stream, 'end'), once(idle, 'close'), once(reading, 'close')])
  t.notOk(app.server.listening)
})

for (const http2 of [true, false]) {
  t.test(`a host with ${http2 ? 'HTTP/2' : 'HTTPS'} closes despite a TLS handshake that never ends`, { skip: needs('openssl') }, async t => {
    const { cert, key } = await certificate(t)
    const { app, port } = await host(t, { http2, https: { cert: await readFile(cert), key: await readFile(key) } })
    const accepted = once(app.server, 'connection')
    const slow = net.connect(port, '127.0.0.1')
    slow.on('error', () => {})
    // The beginning of a ClientHello of 512 bytes.
    slow.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]))
    const [socket] = await accepted
    await until(() => socket.bytesRead > 0)
    await Promise.all([app.close(), once(slow, 'close')])
    t.notOk(app.server.listening)
  })
}

t.test('the same over TLS, with HTTP/1.1 and HTTP/2', { skip: needs('openssl') }, async t => {
  const { cert, key } = await certificate(t)
  const { app, port } = await host(t, { http2: true, https: { allowHTTP1: true, cert: await readFile(cert), key: await readFile(key) } })
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false }
  const raw = net.connect(options)
  const silent = tls.connect({ ...options, ALPNProtocols: ['http/1.1'] })
  const idle = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  await Promise.all([once(raw, 'connect'), once(silent, 'secureConnect'), once(idle, 'remoteSettings')])
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  t.teardown(() => { agent.destroy() })
  const request = https.request({ ...options, agent, method: 'POST', path: '/boxes' }).end()
  const [answer] = await once(request, 'response')
  answer.resume()
  await once(answer, 'end')
  for (const socket of [raw, silent]) socket.on('error', () => {})
  await Promise.all([app.close(), once(raw, 'close'), once(silent, 'close'), once(idle, 'close')])
  t.notOk(app.server.listening)
})
