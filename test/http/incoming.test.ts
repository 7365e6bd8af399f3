import { once, type EventEmitter } from 'node:events'
import http2 from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import { build } from '../helpers/build.js'

/** Unlike `once`, whatever error comes before. */
async function closed (stream: EventEmitter): Promise<void> {
  await new Promise<void>(resolve => { stream.once('close', resolve) })
}

t.test('over HTTP/1.1, a late body ends its connection', async t => {
  const { app, createBox } = await build(t, { bodyTimeout: 1 })
  const box = await createBox()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const start = `POST ${box.messages} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhell`
  const never = connect(port, '127.0.0.1').on('error', () => {})
  const late = connect(port, '127.0.0.1')
  t.teardown(() => { late.destroy() })
  never.write(start)
  late.write(start)
  await new Promise(resolve => setTimeout(resolve, 20))
  late.write('o')
  t.match(String((await once(late, 'data'))[0]), /^HTTP\/1.1 200/, 'one that arrives in pieces is stored')
  await closed(never)
  late.write(`${start}o`)
  t.match(String((await once(late, 'data'))[0]), /^HTTP\/1.1 200/, 'and its connection stays')
  t.same((await box.read()).json().data, ['hello', 'hello'])
})

t.test('over HTTP/2, a late body ends only its stream', async t => {
  const { app, createBox } = await build(t, { bodyTimeout: 1, server: { http2: true } as object })
  const box = await createBox()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = http2.connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => { session.destroy() })
  const never = session.request({ ':method': 'POST', ':path': box.messages, 'content-type': 'text/plain' }, { endStream: false })
  never.on('error', () => {})
  never.write('hell')
  await closed(never)
  const read = session.request({ ':path': box.messages })
  t.equal((await once(read, 'response'))[0][':status'], 200)
  read.resume()
})
