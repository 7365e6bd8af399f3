import t from 'tap'
import { parseDescription } from '../../clients/typescript/src/webrtc/agreement.js'
import { host } from '../../clients/typescript/src/webrtc/host.js'
import { join } from '../../clients/typescript/src/webrtc/join.js'
import { FakeConnection, fakeConnections, line, newFingerprint, sdpWith } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'

t.test('a later description that is too large ends the call on both sides with a named error', async t => {
  const server = new FakeServer()
  const [here, there] = [fakeConnections(), fakeConnections()]
  const rest = { iceServers: [], fetch: server.fetch }
  const call = await host({ server: server.url, ...here, ...rest })
  const joined = await join(call.invite, { ...there, ...rest })
  t.teardown(async () => { await Promise.all([call.close(), joined.close()]) })
  await quiet()
  const [ours, theirs] = [here.made[0], there.made[0]] as [FakeConnection, FakeConnection]
  ours.open(theirs.fingerprint)
  theirs.open(ours.fingerprint)
  const [peer, guest] = await Promise.all([next(call.peers), next(joined.peers)])

  ours.more = 'a=x:tracks\r\n'.repeat(60_000)
  ours.onnegotiationneeded?.()
  t.match(await peer.closed, { code: 'CALL_ERR_TOO_LARGE' })
  t.match(await guest.closed, { code: 'CALL_ERR_TOO_LARGE' })
  t.not(ours.signalingState, 'have-local-offer')
})

t.test('a description that accepts only tiny messages is refused: each byte of a file would cost a message', async t => {
  const offer = (lines: string) => ({ type: 'offer', sdp: sdpWith(line(newFingerprint())) + lines })
  for (const size of ['0', '49152', '65535', '262144', '1073741823']) t.ok(parseDescription(offer(`a=max-message-size:${size}\r\n`)))
  for (const lines of ['a=max-message-size:1', 'a=max-message-size:1024', 'a=max-message-size: 1', 'a=MAX-MESSAGE-SIZE:1', 'a=max-message-size:-1', ' a=max-message-size:1', 'a=max-message-size:65536\r\na=max-message-size:1']) {
    t.throws(() => parseDescription(offer(`${lines}\r\n`)), { code: 'CALL_ERR_DESCRIPTION' }, lines)
  }
})
