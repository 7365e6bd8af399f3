import t, { type Test } from 'tap'
import { mock } from 'node:test'
import type { Resume } from '../../../clients/typescript/src/webrtc/index.js'
import { CallController, type CallListener } from '../../../src/web/call/call-controller.js'
import type { SavedSession } from '../../../src/web/storage/saved-session.js'
import type { LocalMedia } from '../../../src/web/media/local-media.js'
import type { PageMessage } from '../../../src/web/call/page-messages.js'
import type { Role } from '../../../src/web/call/role.js'
import { next, peopleIn, type State } from '../../../src/web/call/state.js'
import { comparison } from '../../../src/web/call/texts.js'
import { FakeConnection } from '../../webrtc/fake-connection.js'
import { FakeServer, quiet } from '../../webrtc/fake-server.js'
import { end } from '../../webrtc/node-peers.js'
import { until } from '../../helpers/until.js'

// Newer versions of Node have locks, which the pages of this process would share as tabs do.
Object.defineProperty(globalThis.navigator ?? {}, 'locks', { value: undefined })

/** A connection as the page uses it: with transceivers at the host's end, and a channel that keeps what was sent. */
class FakePageConnection extends FakeConnection {
  static made: FakePageConnection[] = []
  role: Role = 'guest'
  readonly said: PageMessage[] = []

  constructor () {
    super()
    FakePageConnection.made.push(this)
    Object.assign(this.channel, { send: (text: string) => { this.said.push(JSON.parse(text)) } })
  }

  addTransceiver () {
    this.role = 'host'
    return { sender: {} }
  }

  /** The connection is in this state now. */
  turn (state: RTCPeerConnectionState) {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  hear (message: PageMessage | undefined) {
    this.channel.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }))
  }
}

Object.assign(globalThis, { RTCPeerConnection: FakePageConnection, MediaStream: class { addTrack () {} } })

function page (t: Test, role: Role) {
  const shown = { state: { name: 'opening', role } as State, codes: [] as string[], compare: [] as (string | undefined)[], given: [] as string[], unfinished: 0, invite: '', resume: undefined as Resume | undefined }
  const listener: CallListener = {
    dispatch (event) {
      if (event.type === 'opened') shown.invite = event.invite ?? ''
      shown.state = next(shown.state, event)
      if (event.type !== 'connected') return
      shown.codes.push(event.code)
      shown.compare.push(comparison(shown.state)?.text)
    },
    connectedTo (_, page) { shown.given.push(page === undefined ? 'nobody' : 'page') },
    received () {}
  }
  const data: { met?: string[] } = {}
  const session = {
    data,
    update: ({ call, met }: { call?: { resume?: Resume }, met?: string[] }) => {
      shown.resume = call?.resume ?? shown.resume
      shown.unfinished = call?.resume?.unfinished ?? shown.unfinished
      if (met !== undefined) data.met = met
    }
  }
  const call = new CallController(role, { attach () { shown.given.push('media') }, detach () {} } as unknown as LocalMedia, session as unknown as SavedSession, listener)
  t.teardown(() => { call.leave() })
  return { call, shown }
}

/** A host's page at a server in memory. */
async function hosting (t: Test) {
  const server = new FakeServer()
  t.intercept(globalThis, 'fetch', { value: server.fetch })
  const host = page(t, 'host')
  host.call.host(new URL(`${server.url}/`))
  while (host.shown.invite === '') await quiet()
  /** A guest's page joins, and both pages have a connection that is not open yet. */
  const connect = async () => {
    FakePageConnection.made = []
    const guest = page(t, 'guest')
    guest.call.join(host.shown.invite)
    while (!(['host', 'guest'] as const).every(end => FakePageConnection.made.some(({ role }) => role === end))) await quiet()
    await quiet()
    const last = (wanted: Role) => FakePageConnection.made.findLast(({ role }) => role === wanted)!
    return { guest, here: last('host'), there: last('guest') }
  }
  /** A guest's page joins, and both ends of the connection open. */
  const join = async () => {
    const { guest, here, there } = await connect()
    t.ok(here.open(there.fingerprint))
    t.ok(there.open(here.fingerprint))
    await quiet()
    return { guest, here, there }
  }
  return { server, host, connect, join }
}

t.test('people get a code once both pages have spoken', async t => {
  const { host, join } = await hosting(t)
  const { guest, here, there } = await join()
  t.same([host.shown.codes, guest.shown.codes], [[], []])
  here.hear(there.said[0])
  there.hear(here.said[0])
  t.equal(guest.shown.codes.length, 1)
  t.same(host.shown.codes, guest.shown.codes)
  t.notMatch(host.shown.compare[0], /so is its code/)
})

t.test('who is connected and does not speak is let go after a while, and has failed', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const { host, join } = await hosting(t)
  const { guest, here, there } = await join()
  mock.timers.tick(5_000)
  await quiet()
  mock.timers.tick(3_000)
  await quiet()
  t.equal(here.connectionState, 'closed')
  t.equal(there.connectionState, 'closed')
  t.equal(guest.shown.state.name, 'failed')
  t.match(host.shown.state, { name: 'waiting', notice: 'nobody' }, 'the host can invite again')
  t.equal(host.shown.unfinished, 1)
  t.same(host.shown.codes, [])
})

t.test('whoever comes while somebody is connected is there beside them, with a code of their own', async t => {
  const { host, join } = await hosting(t)
  const first = await join()
  first.here.hear(first.there.said[0])
  const second = await join()
  second.here.hear(second.there.said[0])
  await quiet()
  t.same([first, second].map(({ here }) => here.connectionState), ['connected', 'connected'])
  const people = peopleIn(host.shown.state)
  t.same(people.map(({ code }) => code), host.shown.codes)
  t.equal(people.length, 2)
  t.notMatch(host.shown.compare[1], /so is its code/)
  t.ok(host.call.send({ type: 'chat', text: 'hello' }))
  for (const { here } of [first, second]) t.match(here.said.at(-1), { text: 'hello' })
})

t.test('a guest that leaves is gone at once, and the others stay', async t => {
  const { host, join } = await hosting(t)
  const [first, second] = [await join(), await join()]
  first.here.hear(first.there.said[0])
  first.there.hear({ type: 'welcome' })
  second.here.hear(second.there.said[0])
  first.guest.call.leave()
  await until(() => peopleIn(host.shown.state).length === 1)
  t.match(host.shown.state, { name: 'connected', gone: { notice: 'left' } })
  t.equal(second.here.connectionState, 'connected')
  t.equal(first.guest.shown.state.name, 'left')
})

t.test('the seventh hears that the call is full, before there is a connection', async t => {
  const { host, join } = await hosting(t)
  for (let guests = 0; guests < 5; guests++) {
    const { here, there } = await join()
    here.hear(there.said[0])
  }
  t.equal(peopleIn(host.shown.state).length, 5)
  FakePageConnection.made = []
  const { unfinished } = host.shown
  const guest = page(t, 'guest')
  guest.call.join(host.shown.invite)
  await until(() => guest.shown.state.name === 'failed')
  t.same(guest.shown.state, { name: 'failed', role: 'guest', failure: 'full' })
  t.ok(FakePageConnection.made.every(({ said }) => said.length === 0))
  t.equal(host.shown.unfinished, unfinished, 'it is no failed attempt')
})

t.test('who leaves before the two are connected has not answered', async t => {
  const { host, connect } = await hosting(t)
  const { guest } = await connect()
  host.call.leave()
  await until(() => guest.shown.state.name === 'failed')
  t.match(guest.shown.state, { failure: 'nobody' }, 'nothing is said of the link, which no longer works')

  const { host: other, connect: connectToOther } = await hosting(t)
  const { guest: leaving } = await connectToOther()
  leaving.call.leave()
  await until(() => other.shown.state.name === 'waiting')
  t.match(other.shown.state, { notice: 'nobody' })
})

/** A host whose guest is cut off before another one comes. */
async function joinedInABreak (t: Test) {
  const { host, join } = await hosting(t)
  const first = await join()
  first.here.hear(first.there.said[0])
  first.here.turn('disconnected')
  const second = await join()
  second.here.hear(second.there.said[0])
  return host
}

t.test('whoever comes gets media only once it is known that somebody else may be there', async t => {
  const host = await joinedInABreak(t)
  t.same(host.shown.given, ['page', 'media', 'page', 'media'])
})

t.test('nobody takes the place of somebody whose connection is broken', async t => {
  const host = await joinedInABreak(t)
  t.match(host.shown.state, { name: 'connected', people: [{ broken: 'interrupted' }, {}] })
  t.equal(peopleIn(host.shown.state).length, 2)
})

t.test('whoever comes when the one before is gone may be the same, so people are told to compare again', async t => {
  const { host, join } = await hosting(t)
  const first = await join()
  first.here.hear(first.there.said[0])
  first.there.hear({ type: 'welcome' })
  first.guest.call.leave()
  await until(() => host.shown.state.name === 'waiting')
  const second = await join()
  second.here.hear(second.there.said[0])
  t.equal(host.shown.codes.length, 2)
  t.match(host.shown.compare[1], /so is its code/)
})

t.test('a host that has lost its invite, and its path to everybody, does not keep a call that it no longer shows', async t => {
  const { server, host, join } = await hosting(t)
  const { here, there } = await join()
  here.hear(there.said[0])
  here.turn('disconnected')
  server.forget()
  await until(() => host.shown.state.name === 'failed')
  t.match(host.shown.state, { failure: 'gone' })
  await quiet()
  t.equal(here.connectionState, 'closed')
  const { state } = host.shown
  here.turn('connected')
  t.equal(host.shown.state, state)
})

t.test('a call that has failed says nothing into the next one', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const { server, host, join } = await hosting(t)
  const { here, there } = await join()
  here.hear(there.said[0])
  here.turn('disconnected')
  server.forget()
  while (host.shown.state.name !== 'failed') {
    mock.timers.tick(100)
    await quiet()
  }
  host.shown.state = next(next(host.shown.state, { type: 'begin', role: 'host' }), { type: 'opened', invite: 'https://box.example/#v=1' })
  mock.timers.tick(5_000)
  await quiet()
  here.hear({ type: 'hello' })
  t.same(host.shown.given, ['page', 'media', 'nobody'])
  t.same(host.shown.state, { name: 'waiting', role: 'host', invite: 'https://box.example/#v=1' })
})

t.test('a host that loads its page again before its call is open does not end it', async t => {
  const { server, host } = await hosting(t)
  const { resume } = host.shown
  host.call.unload()
  const again = page(t, 'host')
  again.call.host(new URL(`${server.url}/`), resume)
  again.call.unload()
  await quiet()
  t.equal((await server.fetch(new Request(`${resume!.link}/messages`))).status, 200)
})

end(t)
