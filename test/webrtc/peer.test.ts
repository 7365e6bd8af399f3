import t from 'tap'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { connectPeer } from '../../clients/typescript/src/webrtc/peer.js'
import { FakeDataChannel } from './fake-connection.js'
import { withTimeouts } from './node-peers.js'

/** A connection whose every path fails the moment it is tried. */
class FailingConnection extends EventTarget {
  connectionState = 'new'
  readonly signalingState = 'stable'
  readonly localDescription = { type: 'offer', sdp: '' }
  restarts = 0

  createDataChannel () { return new FakeDataChannel() }
  async setLocalDescription (): Promise<void> { this.fail() }
  close (): void {}

  restartIce (): void {
    this.restarts++
    this.fail()
  }

  fail (): void {
    setTimeout(() => {
      this.connectionState = 'failed'
      this.dispatchEvent(new Event('connectionstatechange'))
    })
  }
}

t.test('a path that fails at once is looked for again, but not all the time', async t => {
  const connection = new FailingConnection()
  let end: (() => void) | undefined
  const over = new Promise<void>(resolve => { end = resolve })
  const channel = {
    hello: undefined,
    session: undefined,
    send: async () => {},
    close: async () => { end?.() },
    async * [Symbol.asyncIterator] () { await over }
  } as unknown as Channel
  const real = connection as unknown as RTCPeerConnection
  const endpoint = { connection: real, dataChannel: new EventTarget() as RTCDataChannel, control: new ControlChannel(real), turn: true }

  await t.rejects(connectPeer('', endpoint, channel, { role: 'host', commitment: '', random: '' }, withTimeouts({ answer: 1_500 })), { code: 'CALL_ERR_NO_PEER' })
  t.ok(connection.restarts >= 1, 'at once for the first time')
  t.ok(connection.restarts <= 3, `and then with pauses: ${connection.restarts} times`)
})
