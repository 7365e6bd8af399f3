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

/** Gathers one candidate shortly after each description. */
class GatheringConnection extends FakeConnection {
  iceGatheringState: RTCIceGatheringState = 'new'

  override async setLocalDescription (description?: RTCSessionDescriptionInit): Promise<void> {
    await super.setLocalDescription(description)
    this.iceGatheringState = 'gathering'
    setTimeout(() => {
      this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: { candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 } }))
    }, 1)
  }
}

t.test('a guest that needs another negotiation while its first candidates are gathered answers first', async t => {
  const server = new FakeServer()
  const made: FakeConnection[] = []
  class Slow extends FakeConnection {
    iceGatheringState: RTCIceGatheringState = 'new'

    constructor () {
      super()
      made.push(this)
    }

    override async setLocalDescription (description?: RTCSessionDescriptionInit): Promise<void> {
      await super.setLocalDescription(description)
      this.iceGatheringState = 'gathering'
      // As when the application adds a track.
      if (this.localDescription!.type === 'answer') setTimeout(() => { this.onnegotiationneeded?.() }, 5)
    }
  }
  const refused: string[] = []
  const rest = { iceServers: [], fetch: server.fetch, RTCPeerConnection: Slow as unknown as typeof RTCPeerConnection }
  const call = await host({ server: server.url, ...rest, refused: ({ code }) => { refused.push(code) } })
  const joined = await join(call.invite, rest)
  t.teardown(async () => { await Promise.all([call.close(), joined.close()]) })
  while (refused.length === 0 && made.every(({ remoteDescription }) => remoteDescription?.type !== 'answer')) await quiet()
  t.strictSame(refused, [])
})

t.test('the first candidates travel with the descriptions, and cost no messages of their own', async t => {
  const stored: string[] = []
  const server = new FakeServer((_to, { from }) => { stored.push(from); return false })
  const made: GatheringConnection[] = []
  class Recorded extends GatheringConnection {
    constructor () {
      super()
      made.push(this)
    }
  }
  const rest = { iceServers: [], fetch: server.fetch, RTCPeerConnection: Recorded as unknown as typeof RTCPeerConnection }
  const call = await host({ server: server.url, ...rest })
  const joined = await join(call.invite, rest)
  t.teardown(async () => { await Promise.all([call.close(), joined.close()]) })
  while (made.length < 2 || made.some(({ remoteDescription, signalingState }) => remoteDescription === null || signalingState !== 'stable')) await quiet()
  await quiet()
  for (const { remoteDescription, candidates } of made) {
    t.ok(remoteDescription)
    t.match(candidates, [{ candidate: /^candidate:1 1 udp 2113937151 192.0.2.1 / }])
  }
  t.strictSame(stored, ['guest', 'host', 'guest'], 'the hello, the offer and the answer')
})
