import type { Test } from 'tap'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { hostWith, type HostedCall, type HostOptions } from '../../clients/typescript/src/webrtc/host.js'
import { defaultSettings, type Peer } from '../../clients/typescript/src/webrtc/peer.js'
import { commit } from '../../clients/typescript/src/webrtc/short-code.js'
import { fakeConnections, line, newFingerprint, sdpWith, type FakeConnection } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'

/** A host, and a guest by its invite that says whatever it likes. */
export interface Rogue {
  call: HostedCall
  fetch: FakeServer['fetch']
  channel: Channel
  refused: string[]
  /** the host's connection */
  connection: FakeConnection
  /** Sends its answer. @param more lines that the description has besides */
  answer: (more?: string) => Promise<void>
  /** Answers and connects. */
  join: () => Promise<Peer>
}

/** @param through what the host's requests go through on their way to the server */
export async function rogueGuest (t: Test, through = (fetch: FakeServer['fetch']): FakeServer['fetch'] => fetch, options: Partial<HostOptions> = {}): Promise<Rogue> {
  const { url: server, fetch } = new FakeServer()
  const { made, RTCPeerConnection } = fakeConnections()
  const refused: string[] = []
  const settings = { ...defaultSettings, timeouts: { ...defaultSettings.timeouts, close: 20 } }
  const call = await hostWith(settings, { server, fetch: through(fetch), RTCPeerConnection, iceServers: [], refused: error => { refused.push(error.code) }, ...options })
  const own = newFingerprint()
  const { commitment, opening } = await commit(own)
  const channel = await connect(call.invite, { hello: { commitment }, fetch })
  t.teardown(async () => { await Promise.all([channel.close(), call.close()]) })
  await next(channel)
  const connection = made[0]!
  const answer = async (more = '') => {
    await channel.send({ opening, description: { type: 'answer', sdp: sdpWith(line(own)) + more } })
    await quiet()
  }
  return {
    call,
    fetch,
    channel,
    refused,
    connection,
    answer,
    async join () {
      await answer()
      connection.open(own)
      return await next(call.peers)
    }
  }
}
