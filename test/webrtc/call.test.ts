import t, { type Test } from 'tap'
import wrtc from '@roamhq/wrtc'
import { setTimeout as pause } from 'node:timers/promises'
import { commit } from '../../clients/typescript/src/webrtc/short-code.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { host, join, type ConnectionOptions } from '../../clients/typescript/src/webrtc/index.js'
import type { Peer } from '../../clients/typescript/src/webrtc/peer.js'
import { end, firstPeer, hear, hostAt, joinTo, node } from './node-peers.js'
import { serve } from './serve.js'
import { stunServer } from './stun-server.js'

const serveCalls = async (t: Test) => await serve(t, { ice: { urls: [await stunServer(t)] } })

function counting (): { fetch: typeof fetch, requests: string[] } {
  const requests: string[] = []
  return {
    requests,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      requests.push(`${request.method} ${new URL(request.url).pathname.replace(/(box|drop)_[\w-]{32}/, '{$1}')}`)
      return await fetch(request)
    }
  }
}

async function talk (t: Test, host: Peer, guest: Peer): Promise<void> {
  t.equal(guest.code, host.code)
  t.match(host.code, /^\d{6}$/)
  const heard = Promise.all([hear(host), hear(guest)])
  guest.channel.send('from the guest')
  host.channel.send('from the host')
  t.strictSame(await heard, ['from the guest', 'from the host'])
}

t.test('a host and a guest are connected, see the same code, and cost few requests', async t => {
  const { url } = await serveCalls(t)
  const [hostSide, guestSide] = [counting(), counting()]
  const call = await hostAt(t, url, { fetch: hostSide.fetch })
  const guestCall = await joinTo(t, call.invite, { fetch: guestSide.fetch })
  const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  await talk(t, host, guest)
  for (const { requests } of [hostSide, guestSide]) {
    t.ok(requests.length <= 12, requests.join(', '))
  }
})

t.test('a third and a fourth guest are connected like the first, each with its own code', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const codes = new Set<string>()
  for (let guests = 0; guests < 3; guests++) {
    const guestCall = await joinTo(t, call.invite)
    const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
    await talk(t, host, guest)
    codes.add(host.code)
  }
  t.ok(codes.size > 1)
})

t.test('three guests at the same moment are all connected', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const guests = await Promise.all([1, 2, 3].map(async () => await firstPeer(await joinTo(t, call.invite))))
  const codes: string[] = []
  for await (const { code } of call.peers) if (codes.push(code) === 3) break
  t.strictSame(codes.sort(), guests.map(({ code }) => code).sort())
})

t.test('the other side is told when one leaves', async t => {
  const { url } = await serveCalls(t)
  for (const leaves of ['host', 'guest']) {
    const call = await hostAt(t, url)
    const guestCall = await joinTo(t, call.invite)
    const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
    await (leaves === 'host' ? host : guest).close()
    t.equal(await host.closed, undefined)
    t.equal(await guest.closed, undefined)
    for await (const peer of guestCall.peers) t.fail(`${peer.code} came`)
  }
})

t.test('an ended call ends its guests’ loops and its invite', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const guestCall = await joinTo(t, call.invite)
  const [, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  await call.close()
  t.equal(await guest.closed, undefined)
  for await (const peer of guestCall.peers) t.fail(`${peer.code} came`)
  await t.rejects(join(call.invite, node), { code: 'CALL_ERR_GONE' })
})

t.test('a guest whose connection breaks says hello again by itself', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const guestCall = await joinTo(t, call.invite, {}, { close: 50 })
  const [, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  guest.connection.close()
  t.match(await guest.closed, { code: 'CALL_ERR_LOST' })
  const again = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  await talk(t, ...again)
  t.not(again[1].code, guest.code)
})

t.test('a guest that compares no codes pauses before it says hello to a host that ends each connection', async t => {
  // Without jitter, its pauses can be told from other timers.
  t.capture(Math, 'random', () => 0.5)
  const expected = [187.5, 375, 750]
  const pauses: number[] = []
  const real = setTimeout
  t.capture(globalThis, 'setTimeout', (run: () => void, ms: number) => {
    if (expected.includes(ms)) pauses.push(ms)
    return real(run, ms)
  })
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url, { compare: false })
  const guestCall = await joinTo(t, call.invite, { compare: false }, { close: 1 })
  void (async () => { for await (const peer of call.peers) peer.connection.close() })().catch(() => {})
  let came = 0
  for await (const { id } of guestCall.peers) {
    t.equal(id, call.id)
    if (++came === 5) break
  }
  t.strictSame(pauses, expected)
})

t.test('a host that reloads its page continues with the same invite', async t => {
  const { url } = await serveCalls(t)
  const reload = new AbortController()
  const before = await hostAt(t, url, { signal: reload.signal })
  const { invite, resume } = before
  reload.abort()
  await t.rejects(firstPeer(before), { name: 'AbortError' })
  const waiting = await joinTo(t, invite)
  const after = await hostAt(t, url, { resume })
  t.equal(after.invite, invite)
  await talk(t, ...await Promise.all([firstPeer(after), firstPeer(waiting)]))
})

t.test('a stale invite, a wrong key and an invalid link give named errors at once', async t => {
  const { url } = await serve(t)
  const call = await hostAt(t, url)
  await call.close()
  await t.rejects(join(call.invite, node), { code: 'CALL_ERR_GONE' })
  const offline = { ...node, fetch: async () => { throw new Error('the server was asked') } }
  const key = call.invite.indexOf('key=') + 4
  await t.rejects(join(call.invite.slice(0, key) + 'AAAA' + call.invite.slice(key + 4), offline), { code: 'CALL_ERR_KEY' })
  await t.rejects(join(url, offline), { code: 'CALL_ERR_INVITE' })
})

t.test('an absent host gives a named error after the timeout', async t => {
  const { url } = await serveCalls(t)
  const leave = new AbortController()
  const { invite } = await hostAt(t, url, { signal: leave.signal })
  leave.abort()
  const guestCall = await joinTo(t, invite, { timeout: 300 })
  await t.rejects(firstPeer(guestCall), { code: 'CALL_ERR_NO_PEER' })
})

t.test('without a path, the error says so, and whether a TURN server was tried', async t => {
  const stun = await stunServer(t)
  // Relays only, and none is there.
  const noPath: ConnectionOptions = { configuration: { iceTransportPolicy: 'relay' } }
  for (const [ice, code] of [
    [{ urls: [stun] }, 'CALL_ERR_NO_PATH'],
    [{ urls: [stun], turnUrls: ['turn:127.0.0.1:9'], turnSecret: 'secret' }, 'CALL_ERR_NO_PATH_WITH_TURN']
  ] as const) {
    const { url } = await serve(t, { ice: { ...ice, urls: [...ice.urls] } as object })
    const refused: string[] = []
    // Whoever gives up first tells the other why, and the guest tries once more.
    const call = await hostAt(t, url, { ...noPath, refused: error => { refused.push(error.code) } }, { ice: 300 })
    await t.rejects(firstPeer(await joinTo(t, call.invite, noPath)), { code })
    t.strictSame(refused, [code, code])
    const lonely = await joinTo(t, (await hostAt(t, url, noPath)).invite, noPath, { ice: 300 })
    await t.rejects(firstPeer(lonely), { code })
  }
})

t.test('a guest that loses its network for 10 s reconnects when it is back', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  let down = false
  const cut = new Set<AbortController>()
  const guestCall = await joinTo(t, call.invite, {
    fetch: async (input, init) => {
      if (down) throw new TypeError('fetch failed')
      const request = new Request(input, init)
      const line = new AbortController()
      cut.add(line)
      request.signal.addEventListener('abort', () => { line.abort(request.signal.reason) })
      return await fetch(request, { signal: line.signal })
    }
  })
  down = true
  for (const line of cut) line.abort(new TypeError('network changed'))
  await pause(10_000)
  down = false
  await talk(t, ...await Promise.all([firstPeer(call), firstPeer(guestCall)]))
})

t.test('two that add a track at the same moment both send it, where a connection does not roll back by itself', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const guestCall = await joinTo(t, call.invite)
  const both = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  const arrived = both.map(async ({ connection }) => await new Promise<string>(resolve => {
    connection.addEventListener('track', ({ track }) => { resolve(track.kind) })
  }))
  for (const { connection } of both) connection.addTrack(new wrtc.nonstandard.RTCAudioSource().createTrack())
  t.strictSame(await Promise.all(arrived), ['audio', 'audio'])
})

t.test('a call outlives its server', async t => {
  const { url, close } = await serveCalls(t)
  const call = await hostAt(t, url)
  const [host, guest] = await Promise.all([firstPeer(call), firstPeer(await joinTo(t, call.invite))])
  await close()
  await talk(t, host, guest)
  await Promise.all([host.close(), guest.close()])
})

t.test('a guest whose certificate differs from the one in its hello is refused', async t => {
  const { url } = await serveCalls(t)
  const refused: string[] = []
  const call = await hostAt(t, url, { refused: error => { refused.push(error.code) } })
  const { commitment, opening } = await commit(`sha-256 ${Array(32).fill('AA').join(':')}`)
  const channel = await connect(call.invite, { hello: { commitment } })
  t.teardown(() => channel.close())
  const guest = new node.RTCPeerConnection({})
  t.teardown(() => guest.close())
  guest.createDataChannel('signalbox', { negotiated: true, id: 0 })
  const answer = async () => {
    for await (const value of channel) {
      const { description } = value as { description?: RTCSessionDescriptionInit }
      if (description === undefined) continue
      await guest.setRemoteDescription(description)
      const { type, sdp } = await guest.createAnswer()
      await channel.send({ opening, description: { type, sdp } })
    }
  }
  await t.rejects(answer(), { code: 'CALL_ERR_CLOSED' }, 'which is not told why')
  t.strictSame(refused, ['CALL_ERR_FINGERPRINT'])
})

t.test('an abort ends a call on both of its loops', async t => {
  const { url } = await serveCalls(t)
  const leave = new AbortController()
  const call = await hostAt(t, url, { signal: leave.signal })
  const guestCall = await joinTo(t, call.invite, { signal: leave.signal })
  const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  leave.abort()
  await t.rejects(firstPeer(call), { name: 'AbortError' })
  await t.rejects(firstPeer(guestCall), { name: 'AbortError' })
  t.match(await host.closed, { name: 'AbortError' })
  t.match(await guest.closed, { name: 'AbortError' })
})

t.test('without an RTCPeerConnection, the error asks for one', async t => {
  const { url } = await serve(t)
  await t.rejects(host({ server: url }), { name: 'TypeError', message: /RTCPeerConnection/ })
})

end(t)
