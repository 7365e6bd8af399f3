import t, { type Test } from 'tap'
import { Attempts } from '../../clients/typescript/src/webrtc/attempts.js'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { hostWith, type HostedCall, type HostOptions } from '../../clients/typescript/src/webrtc/host.js'
import { join } from '../../clients/typescript/src/webrtc/join.js'
import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { createNonce, sealHello } from '../../clients/typescript/src/webrtc/sealing.js'
import type { Timeouts } from '../../clients/typescript/src/webrtc/peer.js'
import type { Resume } from '../../clients/typescript/src/webrtc/listen.js'
import { fakeConnections, type FakeConnection } from './fake-connection.js'
import { end, withTimeouts } from './node-peers.js'
import { FakeServer, quiet } from './fake-server.js'
import { next } from './serve.js'
import { until } from '../helpers/until.js'

/** A host at a server in memory, and what it told. */
async function hosting (t: Test, options: Partial<HostOptions> = {}, server = new FakeServer(), timeouts: Partial<Timeouts> = {}) {
  const side = { ...fakeConnections(), iceServers: [], fetch: server.fetch }
  const refused: string[] = []
  const saved: Resume[] = []
  const call = await hostWith(withTimeouts({ compare: 20, close: 1, ...timeouts }), {
    server: server.url, ...side, refused: ({ code }) => { refused.push(code) }, save: resume => { saved.push(resume) }, ...options
  })
  t.teardown(() => call.close())
  return { call, server, side, refused, saved }
}

type Hosting = Awaited<ReturnType<typeof hosting>>

/** Says hello, has the host's offer, and leaves. */
async function giveUp ({ call, server }: Hosting): Promise<void> {
  const channel = await connect(call.invite, { fetch: server.fetch, hello: {} })
  for await (const value of channel) if (Object(value).description !== undefined) break
  await channel.close()
  await quiet()
}

/** Joins, gets the peers of both sides connected, and leaves: once people could compare the codes, or at once. */
async function connectPeer ({ call, server, side }: Hosting, compare = true): Promise<void> {
  const before = unfinished(call)
  const guest = { ...fakeConnections(), iceServers: [], fetch: server.fetch }
  const made = side.made.length
  const joined = await join(call.invite, guest)
  await until(() => side.made.length > made && [side.made.at(-1), guest.made[0]].every(isNegotiated))
  await quiet()
  const [here, there] = [side.made.at(-1)!, guest.made[0]!]
  here.open(there.fingerprint)
  there.open(here.fingerprint)
  const [peer, guestPeer] = await Promise.all([next(call.peers), next(joined.peers)])
  if (compare) {
    if (peer.code !== guestPeer.code) throw new Error('The codes differ')
    await until(() => unfinished(call)! < before! + 1)
  }
  await peer.close()
  await quiet()
}

const isNegotiated = (connection: FakeConnection | undefined) =>
  connection?.localDescription != null && connection.remoteDescription !== null && connection.signalingState === 'stable'

const unfinished = (call: HostedCall) => call.resume.unfinished

t.test('eight failed attempts close an invite, and both sides are told', async t => {
  const hosted = await hosting(t)
  for (let tries = 1; tries <= 8; tries++) {
    t.notOk(hosted.refused.includes('CALL_ERR_ATTEMPTS'))
    await giveUp(hosted)
    t.equal(unfinished(hosted.call), tries)
  }
  t.equal(hosted.refused.at(-1), 'CALL_ERR_ATTEMPTS')
  const late = await join(hosted.call.invite, { ...fakeConnections(), iceServers: [], fetch: hosted.server.fetch })
  await t.rejects(next(late.peers), { code: 'CALL_ERR_ATTEMPTS' })
  t.equal(hosted.side.made.length, 8, 'and there is no offer to the ninth')
})

t.test('at most eight offers are open at a time, whoever asks', async t => {
  const hosted = await hosting(t)
  const channels = await Promise.all(Array.from({ length: 12 }, async () => await connect(hosted.call.invite, { fetch: hosted.server.fetch, hello: {} })))
  await quiet()
  t.equal(hosted.side.made.length, 8)
  t.strictSame(hosted.refused, [], 'the others wait')
  for (const channel of channels) await channel.close()
  await quiet()
  t.equal(hosted.side.made.length, 8)
})

t.test('attempts that end in comparable codes count a sixteenth', async t => {
  const hosted = await hosting(t)
  for (let tries = 0; tries < 12; tries++) await connectPeer(hosted)
  t.equal(unfinished(hosted.call), 12 / 16)
  await giveUp(hosted)
  await connectPeer(hosted)
  t.equal(unfinished(hosted.call), 1 + 13 / 16)
  t.notOk(hosted.refused.includes('CALL_ERR_ATTEMPTS'))
})

t.test('whoever stays until the codes could be compared, and leaves, cannot do so without end', async t => {
  const server = new FakeServer()
  const reload = new AbortController()
  const before = await hosting(t, { signal: reload.signal }, server)
  reload.abort()
  const hosted = await hosting(t, { resume: { ...before.call.resume, unfinished: 8 - 1 / 16 } }, server)
  await connectPeer(hosted)
  t.strictSame(hosted.refused, ['CALL_ERR_ATTEMPTS'])

  let now = Date.now()
  t.capture(Date, 'now', () => now)
  const attempts = new Attempts(0, now, () => {})
  const many = async () => { for (let count = 0; ; count++) await attempts.begin().then(end => { end('compared') }, error => { throw Object.assign(error, { count }) }) }
  await t.rejects(many(), { code: 'CALL_ERR_ATTEMPTS', count: 128 })
  now += 600_000
  await t.rejects(many(), { code: 'CALL_ERR_ATTEMPTS', count: 16 }, 'a call whose sixteen guests all change every ten minutes goes on')
})

t.test('a guest that has to wait for its turn is told so, and keeps waiting', async t => {
  const server = new FakeServer()
  let told = 0
  const fetch = async (input: RequestInfo | URL) => {
    if ((input as Request).method === 'POST') told++
    return await server.fetch(input)
  }
  const hosted = await hosting(t, { fetch, compare: false }, server, { waiting: 50 })
  const before = []
  for (let guests = 0; guests < 8; guests++) before.push(await connect(hosted.call.invite, { fetch: server.fetch, hello: {} }))
  await until(() => hosted.side.made.length === 8)
  const waiting = fakeConnections()
  const joined = await join(hosted.call.invite, { ...waiting, iceServers: [], fetch: server.fetch, timeout: 3_000 })
  t.teardown(() => joined.close())
  const gone = await connect(hosted.call.invite, { fetch: server.fetch, hello: {} })
  await quiet()
  await gone.close()
  // Longer than the guest would wait for a host that says nothing.
  const since = told
  await until(() => told > since + 70)
  await before[0]!.close()
  await until(() => waiting.made[0]!.remoteDescription !== null)
  t.equal(hosted.side.made.length, 9)
  t.strictSame(hosted.refused.filter(code => code !== 'CALL_ERR_CLOSED'), ['CALL_ERR_GONE'], 'one that gave up is known to be gone')
  await Promise.all(before.map(channel => channel.close()))
})

t.test('a guest that leaves before the codes could be compared has failed', async t => {
  const hosted = await hosting(t)
  for (let tries = 0; tries < 8; tries++) await connectPeer(hosted, false)
  t.equal(unfinished(hosted.call), 8)
  t.equal(hosted.refused.at(-1), 'CALL_ERR_ATTEMPTS')
})

t.test('without compare, nothing is counted', async t => {
  const hosted = await hosting(t, { compare: false })
  for (let tries = 0; tries < 12; tries++) await connectPeer(hosted, false)
  for (let tries = 0; tries < 12; tries++) await giveUp(hosted)
  t.equal(unfinished(hosted.call), 0)
  t.notOk(hosted.refused.includes('CALL_ERR_ATTEMPTS'))
})

t.test('one failed attempt is forgotten every ten minutes, even across a reload', async t => {
  let now = Date.now()
  t.capture(Date, 'now', () => now)
  const server = new FakeServer()
  const reload = new AbortController()
  const before = await hosting(t, { signal: reload.signal }, server)
  for (let tries = 0; tries < 8; tries++) await giveUp(before)
  now += 599_000
  t.equal(unfinished(before.call), 8)
  const resume = before.saved.at(-1)!
  reload.abort()
  now += 1_000
  const after = await hosting(t, { resume }, server)
  t.equal(unfinished(after.call), 7)
  await giveUp(after)
  t.equal(unfinished(after.call), 8)
  now -= 86_400_000
  t.equal(unfinished(after.call), 8, 'a clock that was put back forgets nothing')
  now += 7 * 600_000
  t.equal(unfinished(after.call), 1)
  now += 86_400_000
  t.equal(unfinished(after.call), 0)
})

t.test('guests that said hello and left while the host was away cost one attempt at most', async t => {
  const server = new FakeServer()
  const away = new AbortController()
  const { call: { invite, resume } } = await hosting(t, { signal: away.signal }, server)
  away.abort()
  for (let guests = 0; guests < 12; guests++) await (await connect(invite, { fetch: server.fetch, hello: {} })).close()
  const back = await hosting(t, { resume }, server)
  await quiet()
  t.equal(unfinished(back.call), 1)
  await connectPeer(back)
})

t.test('the count outlives the page', async t => {
  const server = new FakeServer()
  const reload = new AbortController()
  const before = await hosting(t, { signal: reload.signal }, server)
  t.equal(before.saved.length, 1, 'what to keep is told at the start')
  for (let tries = 0; tries < 7; tries++) await giveUp(before)
  const channel = await connect(before.call.invite, { fetch: server.fetch, hello: {} })
  await next(channel)
  t.match(before.saved.at(-1), { unfinished: 8 }, 'one that is under way has failed for a page that is loaded again')
  reload.abort()
  const after = await hosting(t, { resume: JSON.parse(JSON.stringify(before.saved.at(-1))) }, server)
  await t.rejects(next(await connect(after.call.invite, { fetch: server.fetch, hello: {} })), { code: 'CALL_ERR_ATTEMPTS' })
  t.ok(after.refused.includes('CALL_ERR_ATTEMPTS'))
  t.equal(after.side.made.length, 0)
})

t.test('an error in a callback ends nothing', async t => {
  const printed = t.capture(console, 'error')
  const fails = () => { throw new Error('no storage') }
  const hosted = await hosting(t, { save: fails, refused: fails })
  await giveUp(hosted)
  await connectPeer(hosted)
  t.ok(printed().length > 2)
})

t.test('a first hello that fails leaves nothing on the caller’s signal', async t => {
  const { call, server } = await hosting(t)
  const controller = new AbortController()
  const options = { ...fakeConnections(), iceServers: [], fetch: server.fetch, signal: controller.signal }
  await call.close()
  await t.rejects(join(call.invite, options), { code: 'CALL_ERR_GONE' })
  const aborts = t.capture(AbortController.prototype, 'abort', AbortController.prototype.abort)
  controller.abort()
  t.equal(aborts().length, 2, 'the signal’s own, and the one scope that all share')
})

t.test('a guest whose box does not respond holds its place only until the timeout', async t => {
  const server = new FakeServer()
  let busy = false
  const fetch = async (input: RequestInfo | URL) => {
    const { method, url } = input as Request
    return busy && method === 'POST' && url.includes('drop_') ? new Response('{}', { status: 503, headers: { 'Retry-After': '86400' } }) : await server.fetch(input)
  }
  const hosted = await hosting(t, { fetch, timeout: 20 }, server)
  await connect(hosted.call.invite, { fetch: server.fetch, hello: {} })
  await quiet()
  busy = true
  await connect(hosted.call.invite, { fetch: server.fetch, hello: {} })
  await until(() => hosted.refused.length > 1)
  t.same(hosted.refused, ['CALL_ERR_NO_PEER', 'CALL_ERR_NO_PEER'])
  await until(() => unfinished(hosted.call)! <= 1)
  t.equal(unfinished(hosted.call), 1, 'and only the one with an offer counts')
})

t.test('a guest can join whatever ICE servers the server offers', async t => {
  const { call, server } = await hosting(t)
  for (const iceServers of [[null], [{}], ['x'], [{ urls: 'bogus' }], [{ urls: ['stun:a', 1] }]]) {
    const fetch = async (input: RequestInfo | URL) => (input as Request).url.endsWith('/ice-servers')
      ? new Response(JSON.stringify({ iceServers, ttl: 60 }), { headers: { 'Content-Type': 'application/json' } })
      : await server.fetch(input)
    await (await join(call.invite, { ...fakeConnections(), fetch })).close()
  }
})

t.test('an invite that was used 4,096 times takes no new guests, and tells them', async t => {
  const hosted = await hosting(t, { maxGuests: 0 })
  const { key } = await parseInvite(hosted.call.invite)
  for (let guests = 0; guests < 4_096; guests++) {
    hosted.server.put(key.hostDrop, await sealHello(key, createNonce(), { drop: `drop_${'A'.repeat(32)}` }))
    if (guests % 64 === 0) await quiet()
  }
  await until(() => hosted.refused.length >= 4_096)
  const late = await join(hosted.call.invite, { ...fakeConnections(), iceServers: [], fetch: hosted.server.fetch })
  await t.rejects(next(late.peers), { code: 'CALL_ERR_USED_UP' })
})

end(t)
