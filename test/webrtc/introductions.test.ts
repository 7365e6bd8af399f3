import t, { type Test } from 'tap'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { Introducer } from '../../clients/typescript/src/webrtc/introducer.js'
import { Participant } from '../../clients/typescript/src/webrtc/participant.js'
import { createNonce, sealHello, type SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { FakeConnection } from './fake-connection.js'
import { quiet } from './fake-server.js'
import { FakeControl, IntroducedGuest } from './introduced.js'
import { end } from './node-peers.js'

const message = (to: string, length = 100): SealedMessage =>
  ({ v: 1, to, key: 'AAAAAAAA', from: 'guest', session: createNonce(), n: 0, sealed: 'A'.repeat(length) })

interface Member { id: string, control: FakeControl, key: string }

/** A host, and the channels over which it hears from as many guests. */
function hosting (guests: number) {
  const introducer = new Introducer()
  const members = Array.from({ length: guests }, () => {
    const [id, control] = [createNonce(), new FakeControl()]
    introducer.listenTo(id, control.asControl)
    return { id, control, key: `key of ${id}` }
  })
  for (const { id, key, control } of members) introducer.add(id, key, control.asControl)
  return { introducer, members: members as [Member, Member, ...Member[]] }
}

/** Nothing that is used up comes back with time. */
function stopClock (t: Test): void {
  const now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
}

async function guest (t: Test): Promise<IntroducedGuest> {
  const guest = await IntroducedGuest.create()
  t.teardown(() => { guest.scope.end() })
  return guest
}

t.test('a guest is introduced to all others', async t => {
  const { members: [anna, ben] } = hosting(2)
  t.strictSame(anna.control.sent, [{ type: 'meet', id: ben.id, key: ben.key }])
  t.strictSame(ben.control.sent, [{ type: 'meet', id: anna.id, key: anna.key }])
})

t.test('a message is passed on under its sender’s id, whatever it says', async t => {
  const { members: [anna, ben, carl = anna] } = hosting(3)
  const hello = message(ben.id)
  carl.control.say({ type: 'relay', from: anna.id, message: hello })
  t.strictSame(ben.control.sent.at(-1), { type: 'relay', from: carl.id, message: hello })
})

t.test('a message to nobody, to oneself or from somebody who was not introduced goes nowhere', async t => {
  const { introducer, members: [anna, ben] } = hosting(2)
  const stranger = new FakeControl()
  introducer.listenTo(createNonce(), stranger.asControl)
  const before = [anna, ben].map(({ control }) => control.sent.length)
  anna.control.say({ type: 'relay', message: message(createNonce()) })
  anna.control.say({ type: 'relay', message: message(anna.id) })
  stranger.say({ type: 'relay', message: message(ben.id) })
  t.strictSame([anna, ben].map(({ control }) => control.sent.length), before)
  t.throws(() => anna.control.say({ type: 'relay', message: { to: ben.id, what: 'ever' } }), { code: 'CALL_ERR_FORMAT' })
})

t.test('an old connection with a guest’s id takes nothing from the guest’s new one', async t => {
  const { introducer, members: [anna, ben] } = hosting(2)
  const again = new FakeControl()
  introducer.listenTo(ben.id, again.asControl)
  introducer.add(ben.id, ben.key, again.asControl)
  introducer.remove(ben.id, ben.control.asControl)
  anna.control.say({ type: 'relay', message: message(ben.id) })
  t.equal(again.relayed.length, 1, 'who came back is not taken for gone when the old connection ends')
  const before = anna.control.sent.length
  ben.control.say({ type: 'relay', message: message(anna.id) })
  t.equal(anna.control.sent.length, before, 'and the old connection says nothing any more')
})

t.test('the others are told when one has left', async t => {
  const { introducer, members: [anna, ben] } = hosting(2)
  introducer.remove(ben.id, ben.control.asControl)
  t.strictSame(anna.control.sent.at(-1), { type: 'left', id: ben.id })
})

t.test('the host passes on no floods', async t => {
  stopClock(t)
  const { members } = hosting(5)
  const [target, other, ...more] = members
  for (const { control } of [other, ...more]) {
    for (let count = 0; count < 1_000; count++) control.say({ type: 'relay', message: message(target.id) })
  }
  t.ok(target.control.relayed.length <= 400, `${target.control.relayed.length} messages of 4,000`)
  const { length } = other.control.relayed
  for (let count = 0; count < 100; count++) target.control.say({ type: 'relay', message: message(other.id, 65_536) })
  t.ok(other.control.relayed.length - length <= 14, 'large ones count for more')
})

for (const [what, sealed, most, times = 200] of [
  ['short ones', 'A'.repeat(22), 100],
  ['long ones', 'A'.repeat(65_000), 12],
  ['ones that are longer in bytes', '€'.repeat(65_000), 5],
  ['ones that just fit without their sender', 'A'.repeat(524_120), 0, 5],
  ['ones that are too large', 'A'.repeat(600_000), 0, 5]
] as [string, string, number, number?][]) {
  t.test(`whatever guests have passed on, the receiver stays connected with the host: ${what}`, async t => {
    const introducer = new Introducer()
    const [host, guest] = [new FakeConnection(), new FakeConnection()]
    host.control.other = guest.control
    const [control, own] = [host, guest].map(connection => new ControlChannel(connection as unknown as RTCPeerConnection)) as [ControlChannel, ControlChannel]
    const errors: unknown[] = []
    let heard = 0
    own.onError = error => { errors.push(error) }
    own.on('relay', () => { heard++ })
    own.start()
    host.control.open()
    const id = createNonce()
    introducer.add(id, 'key', control)
    for (let other = 0; other < 4; other++) {
      const [from, sender] = [createNonce(), new FakeControl()]
      introducer.listenTo(from, sender.asControl)
      introducer.add(from, 'key', sender.asControl)
      for (let count = 0; count < times; count++) sender.say({ type: 'relay', message: { ...message(id), sealed } })
    }
    await quiet()
    t.strictSame(errors, [])
    t.ok(host.control.sent.length < 420, `${host.control.sent.length} messages on the control channel`)
    t.ok(heard <= 4 * (most + 1), `${heard} messages`)
    t.ok(heard > 0 || most === 0)
  })
}

t.test('nothing more is passed on to a guest that takes nothing in', async t => {
  const { members: [anna, ben] } = hosting(2)
  ben.control.backlog = 5_000_000
  anna.control.say({ type: 'relay', message: message(ben.id) })
  t.equal(ben.control.relayed.length, 0)
  ben.control.backlog = 1_000_000
  anna.control.say({ type: 'relay', message: message(ben.id) })
  t.equal(ben.control.relayed.length, 1)
})

t.test('a guest connects with four others at most, whoever the host says is there', async t => {
  const anna = await guest(t)
  for (let count = 0; count < 100; count++) anna.meet(await anna.another('guest'))
  await quiet()
  t.equal(anna.connections.made.length, 4)
})

t.test('a host that lets people come and go costs a guest few connections', async t => {
  stopClock(t)
  const anna = await guest(t)
  for (let count = 0; count < 100; count++) {
    const other = await anna.another('guest')
    anna.meet(other)
    await quiet()
    anna.host.say({ type: 'left', id: other.id })
    await quiet()
  }
  t.equal(anna.connections.made.length, 16)
})

t.test('hellos that come to nothing are limited', async t => {
  const anna = await guest(t)
  for (let count = 0; count < 20; count++) {
    const other = await anna.another('host')
    anna.meet(other)
    const key = await other.keyWith(anna.own)
    anna.host.say({ type: 'relay', from: other.id, message: await sealHello(key, createNonce(), { drop: other.id, hello: { commitment: '' } }) })
    await quiet()
    anna.host.say({ type: 'left', id: other.id })
    await quiet()
  }
  t.equal(anna.connections.made.length, 8)
  t.ok(anna.refused.includes('CALL_ERR_ATTEMPTS'))
})

t.test('a hello costs nothing unless it comes from the one who was introduced', async t => {
  const anna = await guest(t)
  const [ben, carl] = [await anna.another('host'), await anna.another('host')]
  anna.meet(ben)
  const key = await carl.keyWith(anna.own)
  anna.host.say({ type: 'relay', from: ben.id, message: await sealHello(key, createNonce(), { drop: ben.id, hello: { commitment: '' } }) })
  anna.host.say({ type: 'relay', from: carl.id, message: await sealHello(key, createNonce(), { drop: carl.id, hello: { commitment: '' } }) })
  await quiet()
  t.equal(anna.connections.made.length, 0)
  t.strictSame(anna.refused, ['CALL_ERR_KEY'])
  const own = await ben.keyWith(anna.own)
  anna.host.say({ type: 'relay', from: ben.id, message: await sealHello(own, createNonce(), { drop: carl.id, hello: { commitment: '' } }) })
  await quiet()
  t.equal(anna.connections.made.length, 0, 'nor if it names another')
  t.strictSame(anna.refused, ['CALL_ERR_KEY', 'CALL_ERR_FORMAT'])
})

t.test('neither junk from one guest nor failed attempts with it cost the other guests their turn', async t => {
  stopClock(t)
  const anna = await guest(t)
  const [mallory, carl] = [await anna.another('host'), await anna.another('host')]
  const hello = async (from: Participant, as = from) => {
    const message = await sealHello(await as.keyWith(anna.own), createNonce(), { drop: from.id, hello: { commitment: '' } })
    anna.host.say({ type: 'relay', from: from.id, message })
    await quiet()
  }
  anna.meet(mallory)
  for (let count = 0; count < 30; count++) await hello(mallory, carl)
  t.equal(anna.connections.made.length, 0)
  for (let count = 0; count < 10; count++) {
    await hello(mallory)
    anna.host.say({ type: 'left', id: mallory.id })
    anna.meet(mallory)
    await quiet()
  }
  t.equal(anna.connections.made.length, 3, 'and whoever leaves and comes back has no more attempts')
  anna.meet(carl)
  await hello(carl)
  t.equal(anna.connections.made.length, 4)
})

t.test('an introduction starts anew what has not led to a connection', async t => {
  const anna = await guest(t)
  const ben = await anna.another('guest')
  anna.meet(ben)
  await quiet()
  const again = new FakeControl()
  anna.others.listenTo(again.asControl)
  await quiet()
  t.equal(anna.connections.made[0]!.connectionState, 'closed', 'what went to the old host is lost')
  again.say({ type: 'meet', id: ben.id, key: ben.key })
  again.say({ type: 'meet', id: ben.id, key: ben.key })
  await quiet()
  t.equal(again.relayed.length, 1)
  t.equal(again.relayed[0]!.to, ben.id)
  t.strictSame(anna.refused, [])
})

t.test('a hello that finds no room waits for it', async t => {
  const anna = await guest(t)
  const others = []
  for (let count = 0; count < 5; count++) others.push(await anna.another('guest'))
  for (const other of others) anna.meet(other)
  await quiet()
  t.equal(anna.host.relayed.length, 4)
  anna.host.say({ type: 'left', id: others[0]!.id })
  await quiet()
  t.equal(anna.host.relayed.at(-1)!.to, others[4]!.id)
})

t.test('those who left the host, but no guest, give way to those who are in the call', async t => {
  const people = new Map<string, IntroducedGuest>()
  const person = async (): Promise<IntroducedGuest> => {
    const person = await guest(t)
    people.set(person.own.id, person)
    person.host.send = ({ message }) => {
      people.get((message as SealedMessage).to)?.host.say({ type: 'relay', from: person.own.id, message })
      return true
    }
    return person
  }
  const anna = await person()
  /** @returns the connection on Anna's side */
  const connect = async (other: IntroducedGuest): Promise<FakeConnection> => {
    anna.meet(other.own)
    other.meet(anna.own)
    await quiet()
    const [here, there] = [anna.connections.made.at(-1)!, other.connections.made.at(-1)!]
    here.open(there.fingerprint)
    there.open(here.fingerprint)
    await quiet()
    t.equal(anna.peers.at(-1)?.id, other.own.id)
    return here
  }
  const lingering: FakeConnection[] = []
  for (let count = 0; count < 4; count++) {
    const mallory = await person()
    lingering.push(await connect(mallory))
    anna.host.say({ type: 'left', id: mallory.own.id })
  }
  const carl = await connect(await person())
  t.strictSame([...lingering, carl].map(({ connectionState }) => connectionState), ['closed', 'connected', 'connected', 'connected', 'connected'])
})

t.test('a guest is not introduced to itself', async t => {
  const anna = await guest(t)
  anna.meet(anna.own)
  anna.meet({ id: (await anna.another('guest')).id, key: anna.own.key })
  await quiet()
  t.equal(anna.connections.made.length, 0)
})

t.test('an introduction of another form ends the connection to the host', async t => {
  const anna = await guest(t)
  const { id, key } = await Participant.create()
  for (const wrong of [{ id: 1, key }, { id, key: 'key' }, { id: `${id}A`, key }]) {
    t.throws(() => { anna.host.say({ type: 'meet', ...wrong }) }, { code: 'CALL_ERR_FORMAT' })
  }
})

t.test('a key that is no point of the curve is refused', async t => {
  const anna = await guest(t)
  anna.meet({ id: (await anna.another('guest')).id, key: 'B'.padEnd(87, 'A') })
  await quiet()
  t.strictSame(anna.refused, ['CALL_ERR_KEY'])
  t.equal(anna.connections.made.length, 1)
  t.equal(anna.connections.made[0]!.connectionState, 'closed')
})

end(t)
