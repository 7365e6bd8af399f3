import t, { type Test } from 'tap'
import { Box } from '../../clients/typescript/src/index.js'
import type { Peer } from '../../clients/typescript/src/webrtc/peer.js'
import { end, firstPeer, hear, hostAt, joinTo, node } from './node-peers.js'
import { next, serve } from './serve.js'
import { stunServer } from './stun-server.js'
import { until } from '../helpers/until.js'

/** An implementation without the library's own data channel. */
class Older extends node.RTCPeerConnection {
  override createDataChannel (label: string, options?: RTCDataChannelInit): RTCDataChannel {
    if (label === 'signalbox') return super.createDataChannel(label, options)
    return Object.assign(new EventTarget(), { readyState: 'connecting', close () {} }) as unknown as RTCDataChannel
  }
}

async function connected (t: Test) {
  const server = await serve(t, { ice: { urls: [await stunServer(t)] } })
  const call = await hostAt(t, server.url)
  const guestCall = await joinTo(t, call.invite)
  const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  return { server, call, guestCall, host, guest }
}

async function talk (t: Test, from: Peer, to: Peer): Promise<void> {
  const heard = hear(to)
  from.channel.send('still here')
  t.equal(await heard, 'still here')
}

const ufrag = ({ currentLocalDescription }: RTCPeerConnection) => currentLocalDescription?.sdp.match(/a=ice-ufrag:(\S+)/)?.[1]

/** An offer of the one and an answer of the other, after which both have a new path. */
async function renegotiate ({ connection }: Peer, { connection: other }: Peer): Promise<void> {
  const ends = [connection, other].map(end => ({ end, before: ufrag(end) }))
  connection.restartIce()
  for (const { end, before } of ends) {
    while (ufrag(end) === before || end.signalingState !== 'stable') {
      await new Promise(resolve => { end.addEventListener('signalingstatechange', resolve, { once: true }) })
    }
  }
}

for (const leaver of ['host', 'guest'] as const) {
  t.test(`with the server gone, the ${leaver}’s leaving is an end, not a loss`, async t => {
    const { server, host, guest } = await connected(t)
    await server.close()
    const [leaves, stays] = leaver === 'host' ? [host, guest] : [guest, host]
    const left = leaves.close()
    t.equal(await stays.closed, undefined)
    await left
    t.equal(leaves.connection.connectionState, 'closed')
  })
}

t.test('leaving the whole call is told over the connection, too', async t => {
  const { server, guestCall, host } = await connected(t)
  await server.close()
  const left = guestCall.close()
  t.equal(await host.closed, undefined)
  await left
})

t.test('with the server gone, either side finds a new path', async t => {
  const { server, host, guest } = await connected(t)
  await server.close()
  await renegotiate(host, guest)
  await renegotiate(guest, host)
  await talk(t, host, guest)
  await talk(t, guest, host)
})

t.test('with only the host’s box gone, the call goes on, and its end is told', async t => {
  const { server, call, guestCall, host, guest } = await connected(t)
  await Box.open(call.resume.link).delete()
  await t.rejects(next(call.peers), { code: 'CALL_ERR_GONE' })
  // The guest has heard of it once it deletes its own box.
  await until(() => server.requests.filter(request => request.startsWith('DELETE')).length > 1)
  await renegotiate(host, guest)
  await renegotiate(guest, host)
  await talk(t, host, guest)
  const left = guestCall.close()
  t.equal(await host.closed, undefined)
  await left
})

t.test('changes during a call do not go through the server', async t => {
  const { server, host, guest } = await connected(t)
  await renegotiate(host, guest)
  const before = server.requests.length
  const changes = 10
  for (let count = 0; count < changes; count++) await renegotiate(host, guest)
  // Messages from before may still be on their way.
  const stored = server.requests.slice(before).filter(request => request.startsWith('POST'))
  t.ok(stored.length < changes, stored.join(', '))
})

for (const older of ['host', 'guest'] as const) {
  t.test(`a ${older} without a control channel renegotiates and leaves through the boxes`, async t => {
    const server = await serve(t, { ice: { urls: [await stunServer(t)] } })
    const without = { RTCPeerConnection: Older }
    const call = await hostAt(t, server.url, older === 'host' ? without : {})
    const guestCall = await joinTo(t, call.invite, older === 'guest' ? without : {})
    const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
    await renegotiate(host, guest)
    await renegotiate(guest, host)
    await talk(t, host, guest)
    await guest.close()
    t.equal(await host.closed, undefined)
  })
}

end(t)
