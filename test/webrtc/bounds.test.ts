import t from 'tap'
import { readFile } from 'node:fs/promises'
import { BoxError, type Box } from '../../clients/typescript/src/index.js'
import { sendWithRetry } from '../../clients/typescript/src/webrtc/channel.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { listen } from '../../clients/typescript/src/webrtc/listen.js'
import { createNonce, parseSealed } from '../../clients/typescript/src/webrtc/sealing.js'
import { fakeConnections } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'

t.test('a message that holds more than the largest value is refused', async t => {
  const message = (length: number) => ({ v: 1, to: '', key: '', from: 'host', session: createNonce(), n: 1, sealed: 'A'.repeat(length) })
  t.ok(parseSealed(message(699_000)))
  t.throws(() => parseSealed(message(700_000)), { code: 'CALL_ERR_TOO_LARGE' })
})

t.test('a message to a box that is full is tried again', async t => {
  let tries = 0
  const box = (full: number) => ({ send: async () => { if (++tries <= full) throw new BoxError(409, { code: 'BOX_ERR_FULL' }) } }) as unknown as Box
  await sendWithRetry(box(1), {})
  t.equal(tries, 2)
  const gone = { send: async () => { throw new BoxError(409, { code: 'BOX_ERR_CURSOR' }) } } as unknown as Box
  await t.rejects(sendWithRetry(gone, {}), { code: 'BOX_ERR_CURSOR' })
})

t.test('the sample of docs/webrtc.md outlives guests that send anything', async t => {
  const text = await readFile(new URL('../../docs/webrtc.md', import.meta.url), 'utf8')
  const [, section = ''] = text.split('\n## Plain RTCPeerConnection\n')
  const negotiate = /```js\n(.*?)```/s.exec(section)![1]!
  const sample = new Function('connection', 'channel', `${negotiate}\nreturn negotiate(connection, channel, false)`) // eslint-disable-line no-new-func
  const unhandled: unknown[] = []
  const note = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })
  const { url: server, fetch } = new FakeServer()
  const { RTCPeerConnection } = fakeConnections()
  const listener = await listen({ server, fetch })
  t.teardown(() => listener.close())
  for (const value of [null, { description: { type: 'answer', sdp: '' } }, { description: 1 }]) {
    const guest = await connect(listener.invite, { fetch })
    guest.send(value).catch(() => {})
    const channel = await next(listener)
    const connection = new RTCPeerConnection()
    const running = sample(connection, channel)
    connection.onnegotiationneeded!(new Event('negotiationneeded'))
    await quiet()
    await guest.close()
    await running
  }
  await quiet()
  t.same(unhandled, [])
})
