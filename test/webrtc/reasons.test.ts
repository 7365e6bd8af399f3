import t, { type Test } from 'tap'
import { CallError, checkInvite, connect, host, join, listen, signalThrough, type Channel, type SignalingPeer } from '../../clients/typescript/src/webrtc/index.js'
import { fakeConnections } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'
import { IntroducedGuest } from './introduced.js'
import { end } from './node-peers.js'
import { next } from './serve.js'

/** A host and a guest, connected. */
async function connected (t: Test, signal?: AbortSignal) {
  const { url: server, fetch } = new FakeServer()
  const [here, there] = [fakeConnections(), fakeConnections()]
  const options = { fetch, iceServers: [], ...(signal && { signal }) }
  const call = await host({ server, ...options, ...here })
  const joined = await join(call.invite, { ...options, ...there })
  t.teardown(() => Promise.all([call.close(), joined.close()]))
  await quiet()
  here.made[0]!.open(there.made[0]!.fingerprint)
  there.made[0]!.open(here.made[0]!.fingerprint)
  const [peer, guestPeer] = await Promise.all([next(call.peers), next(joined.peers)])
  return { call, joined, peer, guestPeer }
}

t.test('whatever is aborted rejects with the signal’s own reason', async t => {
  const server = new FakeServer()
  const listener = await listen({ server: server.url, fetch: server.fetch })
  t.teardown(() => listener.close())
  const { invite } = listener
  const mine = new Error('mine')
  const silent = async (input: RequestInfo | URL) => await new Promise<Response>((_resolve, reject) => {
    const { signal } = input as Request
    signal.addEventListener('abort', () => { reject(signal.reason) })
  })
  for (const work of [
    (signal: AbortSignal) => listen({ server: server.url, fetch: silent, signal }),
    (signal: AbortSignal) => connect(invite, { fetch: silent, signal }),
    (signal: AbortSignal) => checkInvite(invite, { fetch: silent, signal }),
    (signal: AbortSignal) => join(invite, { ...fakeConnections(), fetch: silent, signal })
  ]) {
    const controller = new AbortController()
    const working = work(controller.signal)
    working.catch(() => {})
    await quiet()
    controller.abort(mine)
    t.equal(await working.then(() => {}, error => error), mine)
  }
})

t.test('an abort with a reason ends both loops and both peers with it', async t => {
  for (const mine of [new Error('mine'), new DOMException('Too long', 'TimeoutError')]) {
    const controller = new AbortController()
    const { call, joined, peer, guestPeer } = await connected(t, controller.signal)
    controller.abort(mine)
    t.equal(await next(call.peers).catch(error => error), mine)
    t.equal(await next(joined.peers).catch(error => error), mine)
    t.equal(await peer.closed, mine)
    t.equal(await guestPeer.closed, mine)
  }
})

t.test('an abort with something that is no error ends a peer with an error all the same', async t => {
  const controller = new AbortController()
  const { joined, guestPeer } = await connected(t, controller.signal)
  controller.abort('enough')
  t.match(await guestPeer.closed, { name: 'AbortError', message: 'enough' })
  t.equal(await next(joined.peers).catch(error => error), 'enough')
})

t.test('an abort with a reason ends a channel with it', async t => {
  const { url: server, fetch } = new FakeServer()
  const listener = await listen({ server, fetch })
  t.teardown(() => listener.close())
  const controller = new AbortController()
  const channel = await connect(listener.invite, { fetch, signal: controller.signal })
  const mine = new Error('mine')
  controller.abort(mine)
  t.equal(await next(channel).catch(error => error), mine)
})

t.test('a guest that makes room for someone else is told that the call is full, not that the host left', async t => {
  const { joined, peer, guestPeer } = await connected(t)
  await peer.close(new CallError('CALL_ERR_FULL'))
  t.match(await peer.closed, { code: 'CALL_ERR_FULL' })
  t.match(await guestPeer.closed, { code: 'CALL_ERR_FULL' })
  await t.rejects(next(joined.peers), { code: 'CALL_ERR_FULL' })
})

t.test('two guests that cannot be introduced because the host is gone are not told that the invite is', async t => {
  const guest = await IntroducedGuest.create()
  t.teardown(() => { guest.scope.end() })
  const other = await guest.another('guest')
  guest.host.send = () => false
  guest.meet(other)
  await quiet()
  t.same(guest.refused, ['CALL_ERR_LOST'])
  t.same(guest.refusedIds, [other.id], 'and it is known who is meant')
})

t.test('a simple-peer that was destroyed before closes its channel', async t => {
  let closed = false
  const channel = {
    close: async () => { closed = true },
    async * [Symbol.asyncIterator] () { await new Promise(() => {}) }
  } as unknown as Channel
  const peer: SignalingPeer = { destroyed: true, on () {}, signal () {}, destroy () {} }
  signalThrough(peer, channel)
  t.ok(closed)
})

end(t)
