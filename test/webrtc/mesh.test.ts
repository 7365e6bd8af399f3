import t, { type Test } from 'tap'
import { setTimeout as pause } from 'node:timers/promises'
import { host } from '../../clients/typescript/src/webrtc/index.js'
import { end, firstPeer, hostAt, joinTo, node } from './node-peers.js'
import { guestOf, hostOf, pairs, talk, together, type Person } from './people.js'
import { serve } from './serve.js'
import { stunServer } from './stun-server.js'

const serveCalls = async (t: Test) => await serve(t, { ice: { urls: [await stunServer(t)] } })

/** A host and as many guests, all connected. */
async function meeting (t: Test, url: string, guests: number, options = {}): Promise<Person[]> {
  const host = await hostOf(t, url, options)
  const everyone: Person[] = [host]
  for (let count = 0; count < guests; count++) everyone.push(await guestOf(t, host, options))
  await together(...everyone)
  return everyone
}

t.test('three are connected, each with both of the others, with a code for each two', async t => {
  const { url } = await serveCalls(t)
  const everyone = await meeting(t, url, 2)
  t.equal(new Set(await talk(t, ...everyone)).size, 3)
})

t.test('six who join at the same time are all connected, and the seventh is told at once', async t => {
  const { url } = await serveCalls(t)
  const host = await hostOf(t, url)
  const guests = await Promise.all([1, 2, 3, 4, 5].map(async () => await guestOf(t, host)))
  const everyone = [host, ...guests]
  await together(...everyone)
  const codes = await talk(t, ...everyone)
  t.equal(codes.length, 15)
  t.equal(new Set(codes).size, 15)
  for (const guest of guests) t.equal(guest.came[0], host.id, 'the host is the first to come')
  await t.rejects(firstPeer(await joinTo(t, host.call.invite, { mesh: true })), { code: 'CALL_ERR_FULL' })
})

t.test('everyone has the same id for everyone', async t => {
  const { url } = await serveCalls(t)
  const everyone = await meeting(t, url, 3)
  for (const [one, other] of pairs(everyone)) {
    t.equal(one.to(other).id, other.id)
    t.equal(other.to(one).id, one.id)
  }
  t.equal(new Set(everyone.map(({ id }) => id)).size, 4)
})

t.test('when one leaves, the others stay, and someone else can come', async t => {
  const { url } = await serveCalls(t)
  const [host, anna, ben, carl] = await meeting(t, url, 3) as [Awaited<ReturnType<typeof hostOf>>, Person, Person, Person]
  const ended = [host, anna, carl].map(person => person.to(ben).closed)
  await ben.call.close()
  await ben.over
  t.strictSame(await Promise.all(ended), [undefined, undefined, undefined])
  await together(host, anna, carl)
  const dora = await guestOf(t, host)
  await together(host, anna, carl, dora)
  await talk(t, host, anna, carl, dora)
})

t.test('two guests who part stay connected with all others', async t => {
  const { url } = await serveCalls(t)
  const [host, anna, ben, carl] = await meeting(t, url, 3) as [Person, Person, Person, Person]
  await anna.to(ben).close()
  await anna.with(host, carl)
  await ben.with(host, carl)
  await talk(t, anna, host, carl)
})

t.test('one whose page is loaded again comes back as someone new', async t => {
  const { url } = await serveCalls(t)
  const [host, anna] = await meeting(t, url, 1) as [Awaited<ReturnType<typeof hostOf>>, Person]
  const reload = new AbortController()
  const ben = await guestOf(t, host, { signal: reload.signal })
  await together(host, anna, ben)
  reload.abort()
  const again = await guestOf(t, host)
  t.not(again.id, ben.id)
  await host.with(anna, again)
  await together(anna, host, again)
  await talk(t, host, anna, again)
})

t.test('nobody notices that the server is gone, and later someone else can come', async t => {
  const { url } = await serveCalls(t)
  let down = false
  const lines = new Set<AbortController>()
  const network: typeof fetch = async (input, init) => {
    if (down) throw new TypeError('fetch failed')
    const request = new Request(input, init)
    const line = new AbortController()
    lines.add(line)
    request.signal.addEventListener('abort', () => { line.abort(request.signal.reason) })
    return await fetch(request, { signal: line.signal })
  }
  const everyone = await meeting(t, url, 2, { fetch: network })
  const host = everyone[0] as Awaited<ReturnType<typeof hostOf>>
  down = true
  for (const line of lines) line.abort(new TypeError('network changed'))
  const codes = await talk(t, ...everyone)
  down = false
  const carl = await guestOf(t, host)
  await together(...everyone, carl)
  t.strictSame(await talk(t, ...everyone), codes)
  t.strictSame(everyone.map(({ came }) => came.length), [3, 3, 3])
})

t.test('guests stay connected when the host leaves, until they leave too', async t => {
  const { url } = await serveCalls(t)
  const [host, anna, ben] = await meeting(t, url, 2) as [Person, Person, Person]
  await host.call.close()
  await Promise.all([anna.with(ben), ben.with(anna)])
  await talk(t, anna, ben)
  await anna.call.close()
  await Promise.all([anna.over, ben.over])
})

t.test('whoever closes a page tells everyone in the same step', async t => {
  const { url } = await serveCalls(t)
  const [host, anna] = await meeting(t, url, 1) as [Awaited<ReturnType<typeof hostOf>>, Person]
  let ends = 0
  class RTCPeerConnection extends node.RTCPeerConnection {
    override createDataChannel (label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options)
      const send = channel.send.bind(channel) as (text: string) => void
      return Object.assign(channel, {
        send (text: string) {
          if (text.startsWith('{"type":"end"')) ends++
          send(text)
        }
      })
    }
  }
  const ben = await guestOf(t, host, { RTCPeerConnection })
  await together(host, anna, ben)
  const ended = [host, anna].map(person => person.to(ben).closed)
  const left = ben.call.close()
  t.equal(ends, 2)
  t.strictSame(await Promise.all(ended), [undefined, undefined])
  await left
})

t.test('a host that loads its page again finds everyone, and the guests their own connections', async t => {
  const { url } = await serveCalls(t)
  const reload = new AbortController()
  const before = await hostOf(t, url, { signal: reload.signal })
  const { resume } = before.call
  const [anna, ben] = [await guestOf(t, before), await guestOf(t, before)]
  await together(before, anna, ben)
  const between = anna.to(ben)
  // What the host has not acknowledged, it would be given again.
  while ((await (await fetch(`${resume.link}/messages`)).json()).data.length > 0) await pause(50)
  reload.abort()
  const after = await hostOf(t, url, { resume })
  t.equal(after.id, before.id)
  await after.with(anna, ben)
  await together(after, anna, ben)
  t.equal(anna.to(ben), between)
  const carl = await guestOf(t, after)
  await together(after, anna, ben, carl)
  await talk(t, after, anna, ben, carl)
})

// The other's own limits are so long that it can only have been told.
for (const [who, isHost] of [['the host', true], ['the guest', false]] as const) {
  t.test(`two guests whose connection breaks are connected again, although only ${who} of the two notices`, async t => {
    const { url } = await serveCalls(t)
    const uncounted = { compare: false }
    const host = await hostOf(t, url, uncounted)
    const anna = await guestOf(t, host, uncounted)
    let ben: Person
    // The lower id is the host's.
    while ((anna.id < (ben = await guestOf(t, host, uncounted, { close: 600_000 })).id) !== isHost) await ben.call.close()
    await together(host, anna, ben)
    const [here, there] = [anna.to(ben), ben.to(anna)]
    here.connection.close()
    t.match(await Promise.all([here.closed, there.closed]), [{ code: 'CALL_ERR_LOST' }, { code: 'CALL_ERR_LOST' }])
    await together(host, anna, ben)
    await talk(t, host, anna, ben)
    t.strictSame(anna.came.filter(id => id === ben.id).length, 2)
  })
}

t.test('a guest that did not ask for the others is connected with the host only', async t => {
  const { url } = await serveCalls(t)
  const [host, anna] = await meeting(t, url, 1) as [Awaited<ReturnType<typeof hostOf>>, Person]
  const alone = await guestOf(t, host, { mesh: false })
  await host.with(anna, alone)
  const ben = await guestOf(t, host)
  await Promise.all([host.with(anna, alone, ben), anna.with(host, ben), ben.with(host, anna)])
  t.strictSame(alone.came, [host.id])
})

t.test('without the option, the host introduces nobody', async t => {
  const { url } = await serveCalls(t)
  const call = await hostAt(t, url)
  const guests = await Promise.all([1, 2].map(async () => await joinTo(t, call.invite, { mesh: true })))
  const peers = await Promise.all(guests.map(async guest => await firstPeer(guest)))
  for (const { id } of peers) t.equal(id, call.id)
})

t.test('more than six in a mesh are refused before there is a call', async t => {
  await t.rejects(host({ server: 'http://127.0.0.1:9', mesh: true, maxGuests: 6, ...node }), { name: 'TypeError', message: /maxGuests/ })
})

end(t)
