import t from 'tap'
import { host } from '../../clients/typescript/src/webrtc/host.js'
import { join } from '../../clients/typescript/src/webrtc/join.js'
import { FakeConnection, fakeConnections } from './fake-connection.js'
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
