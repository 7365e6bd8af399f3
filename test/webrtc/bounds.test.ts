import t from 'tap'
import { readFile } from 'node:fs/promises'
import { BoxError, type Box } from '../../clients/typescript/src/index.js'
import { Scope } from '../../clients/typescript/src/scope.js'
import { sendWithRetry } from '../../clients/typescript/src/webrtc/boxes.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { listen } from '../../clients/typescript/src/webrtc/listen.js'
import { notify } from '../../clients/typescript/src/webrtc/notify.js'
import { createNonce, parseSealed } from '../../clients/typescript/src/webrtc/sealing.js'
import { fakeConnections } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'

t.test('a message larger than the largest value is refused', async t => {
  const message = (length: number) => ({ v: 1, to: '', key: 'AAAAAAAA', from: 'host', session: createNonce(), n: 1, sealed: 'A'.repeat(length) })
  t.ok(parseSealed(message(699_000)))
  t.throws(() => parseSealed(message(700_000)), { code: 'CALL_ERR_TOO_LARGE' })
})

t.test('a message to a full box is retried', async t => {
  let tries = 0
  const box = (full: number) => ({ send: async () => { if (++tries <= full) throw new BoxError(409, { code: 'BOX_ERR_FULL' }) } }) as unknown as Box
  await sendWithRetry(box(1), {}, new Scope())
  t.equal(tries, 2)
  const gone = { send: async () => { throw new BoxError(409, { code: 'BOX_ERR_CURSOR' }) } } as unknown as Box
  await t.rejects(sendWithRetry(gone, {}, new Scope()), { code: 'BOX_ERR_CURSOR' })
  const scope = new Scope()
  const sending = sendWithRetry(box(Infinity), {}, scope)
  await quiet()
  scope.end(new Error('over'))
  await t.rejects(sending, { message: 'over' }, 'but not past the end of its scope')
})

t.test('the sample in docs/webrtc.md survives guests that send anything', async t => {
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

t.test('what a stranger stored in the box is refused before it is processed, whatever its size', async t => {
  const message = { v: 1, to: '', key: 'AAAAAAAA', from: 'host', session: createNonce(), n: 1, sealed: 'A'.repeat(22) }
  t.ok(parseSealed(message))
  const decode = globalThis.atob
  t.teardown(() => { globalThis.atob = decode })
  let decoded = 0
  globalThis.atob = text => {
    decoded += text.length
    return decode(text)
  }
  for (const session of ['A'.repeat(2 ** 20), `${createNonce()}.${'A'.repeat(2 ** 20)}`]) t.throws(() => parseSealed({ ...message, session }), { code: 'CALL_ERR_FORMAT' })
  t.ok(decoded < 100, `${decoded} characters were decoded`)
  t.throws(() => parseSealed({ ...message, more: 1 }), { code: 'CALL_ERR_FORMAT' })
  for (const key of ['', 'A'.repeat(9), '€'.repeat(20_000)]) t.throws(() => parseSealed({ ...message, key }), { code: 'CALL_ERR_FORMAT' })
  for (const sealed of ['', 'A'.repeat(21)]) t.throws(() => parseSealed({ ...message, sealed }), { code: 'CALL_ERR_FORMAT' }, 'nothing is shorter than a tag')
  t.throws(() => parseSealed(new Array(1_000).fill({})), { code: 'CALL_ERR_FORMAT' })
})

t.test('a drop address that is not the box\'s own is refused, since the invite would lead nowhere', async t => {
  const { url: server, fetch } = new FakeServer()
  const lying = async (input: RequestInfo | URL): Promise<Response> => {
    const answer = await fetch(input)
    if (!(input as Request).url.endsWith('/boxes')) return answer
    return new Response(JSON.stringify({ ...await answer.json(), drop: `drop_${'a'.repeat(32)}` }), answer)
  }
  await t.rejects(listen({ server, fetch: lying }), { code: 'CALL_ERR_SERVER' })
})

t.test('a callback that rejects ends nothing', async t => {
  const said: unknown[] = []
  const { error } = console
  console.error = (reason: unknown) => { said.push(reason) }
  t.teardown(() => { console.error = error })
  const failure = new Error('of the caller')
  const callback = async (_value: number): Promise<void> => { throw failure }
  notify(callback, 1)
  await quiet()
  t.same(said, [failure])
})
