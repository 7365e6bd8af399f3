import t, { type Test } from 'tap'
import { toBase64url, utf8 } from '../../clients/typescript/src/bytes.js'
import { line, newFingerprint, sdpWith } from './fake-connection.js'
import { quiet } from './fake-server.js'
import { rogueGuest } from './rogue-guest.js'

/** A host whose guest says whatever it likes on the control channel. */
async function connected (t: Test) {
  const rogue = await rogueGuest(t)
  const peer = await rogue.join()
  const { control } = rogue.connection
  control.open()
  await quiet()
  const say = (...messages: unknown[]) => { for (const message of messages) control.say(JSON.stringify(message)) }
  return { ...rogue, peer, control, say }
}

const offer = (...lines: string[]) => ({ description: { type: 'offer', sdp: sdpWith(...lines) } })
const piece = (text: string, more: boolean) => ({ type: 'piece', piece: toBase64url(utf8(text)), more })

const refused: Record<string, [code: string, messages: unknown[]]> = {
  'with another fingerprint': ['CALL_ERR_FINGERPRINT', [{ type: 'signal', seq: 1, ...offer(line(newFingerprint())) }]],
  'with more lines than a connection can take': ['CALL_ERR_DESCRIPTION', [{ type: 'signal', seq: 1, ...offer(line(newFingerprint()), ...Array.from({ length: 200 }, () => 'a=fmtp:96 x=1')) }]],
  'of another kind': ['CALL_ERR_FORMAT', [{ type: 'signal', seq: 1, description: { type: 'rollback', sdp: '' } }]]
}
for (const [what, [code, messages]] of Object.entries(refused)) {
  t.test(`a description ${what} ends the call as it does through the box`, async t => {
    const overControl = await connected(t)
    overControl.say(...messages)
    t.match(await overControl.peer.closed, { code })
    const overBox = await connected(t)
    await overBox.channel.send(messages[0])
    t.match(await overBox.peer.closed, { code })
  })
}

const malformed: Record<string, unknown[]> = {
  'no object': [1],
  'an object without a type': [{}],
  'a type that is no text': [{ type: {} }],
  'a value without a number': [{ type: 'signal', candidate: {} }],
  'a number that is none': [{ type: 'signal', seq: 1.5 }],
  'a number below zero': [{ type: 'signal', seq: -1 }],
  'having seen more than there was': [{ type: 'seen', seq: 1_000 }],
  'a piece of nothing': [{ type: 'piece' }],
  'a message between two pieces': [piece('{"type":', true), { type: 'seen', seq: 0 }],
  'pieces of something else': [piece('{}', false)]
}
for (const [what, messages] of Object.entries(malformed)) {
  t.test(`${what} ends the call as malformed`, async t => {
    const { say, peer } = await connected(t)
    say(...messages)
    t.match(await peer.closed, { code: 'CALL_ERR_FORMAT' })
  })
}

t.test('text that is no JSON, and no text at all, end the call as malformed', async t => {
  for (const data of ['{', new ArrayBuffer(2)]) {
    const { control, peer } = await connected(t)
    control.say(data)
    t.match(await peer.closed, { code: 'CALL_ERR_FORMAT' })
  }
})

t.test('a value whose predecessor is missing ends the call', async t => {
  const { say, peer } = await connected(t)
  say({ type: 'signal', seq: 2 })
  t.match(await peer.closed, { code: 'CALL_ERR_ORDER' })
})

t.test('text that is too long, at once or in pieces, ends the call', async t => {
  const long = await connected(t)
  long.say({ type: 'x'.repeat(65_536) })
  t.match(await long.peer.closed, { code: 'CALL_ERR_TOO_LARGE' })
  const endless = await connected(t)
  for (let count = 0; count < 20; count++) endless.say(piece('x'.repeat(32_000), true))
  t.match(await endless.peer.closed, { code: 'CALL_ERR_TOO_LARGE' })
})

t.test('a flood ends the call, and what nobody knows is ignored until then', async t => {
  const { say, peer, connection } = await connected(t)
  let over = false
  void peer.closed.then(() => { over = true })
  for (let count = 0; count < 599; count++) say({ type: 'unheard of' })
  say({ type: 'signal', seq: 1, candidate: { candidate: 'candidate:1', sdpMid: '0' }, more: {} })
  await quiet()
  t.notOk(over)
  t.strictSame(connection.candidates.map(({ candidate }) => candidate), ['candidate:1'])
  for (let count = 0; count < 100; count++) say({ type: 'unheard of' })
  t.match(await peer.closed, { code: 'CALL_ERR_FULL' })
})

t.test('a flood before the peer is taken ends the call, too', async t => {
  const { connection, answer, refused } = await rogueGuest(t)
  await answer()
  connection.control.open()
  for (let count = 0; count < 2_000; count++) connection.control.say('{}')
  await quiet()
  t.strictSame(refused, ['CALL_ERR_FULL'])
})

t.test('a hundred candidates count, whichever way they come', async t => {
  const { channel, say, connection } = await connected(t)
  const candidate = (index: number) => ({ candidate: { candidate: `candidate:${index} 1 udp 1 192.0.2.1 9 typ host`, sdpMid: '0' } })
  for (let index = 0; index < 60; index++) await channel.send(candidate(index))
  for (let index = 60; index < 150; index++) say({ type: 'signal', seq: index - 59, ...candidate(index) })
  await quiet()
  t.equal(connection.candidates.length, 100)
})
