import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { until } from '../../helpers/until.js'
import { attack, frame, framesOf, handshake } from '../frames.js'
import { sharedStore } from '../stores.js'
import { hears, publication, serve, type Served } from './clients.js'

const MAX_MESSAGE = 1_000

const topics = fc.constantFrom('notes', 'fuzz', 'nobody', '', '__proto__', 'x'.repeat(300))
const types = fc.constantFrom('subscribe', 'unsubscribe', 'publish', 'ping', 'pong', 'constructor')
/** messages of clients, or nearly so; they publish nothing to the topic of the others */
const messages = fc.oneof(
  fc.record({
    type: fc.oneof(types, fc.jsonValue()),
    topics: fc.oneof(fc.array(topics), fc.jsonValue()),
    topic: fc.oneof(topics.filter(name => name !== 'notes'), fc.nat()),
    data: fc.jsonValue({ maxDepth: 4 }),
    clients: fc.nat()
  }, { requiredKeys: [] }),
  fc.jsonValue()
)

/** A server with two clients, which after the attack still reach each other, and are the only ones left. */
async function withstands (t: Test, attacks: (served: Served) => Promise<void>): Promise<void> {
  const warnings: string[] = []
  const warned = ({ message }: Error): void => { warnings.push(message) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  let subscriptions = 0
  const kept = sharedStore()
  const store = Object.create(kept, {
    subscribe: {
      value: async (drop: string, listener: () => void) => {
        const unsubscribe = await kept.subscribe(drop, listener)
        subscriptions++
        return () => {
          subscriptions--
          unsubscribe()
        }
      }
    }
  })
  const served = await serve(t, { store, maxMessageBytes: MAX_MESSAGE })
  const [ben, carl] = [await served.join('notes'), await served.join('notes')]
  await attacks(served)
  ben.send(publication('notes', 'after it'))
  let clients = 0
  await until(() => carl.received.some(message => message.data === 'after it' && (clients = message.clients) > 0))
  // The server hears in its own time of those who have gone.
  while (clients !== 2) {
    ben.received.length = 0
    ben.send(publication('notes', 'again'))
    ;({ clients } = await ben.next())
  }
  await until(() => subscriptions === 1)
  t.same(warnings, [], 'Node warns of no leak')
}

t.test('whatever comes as bytes, others are served', t => withstands(t, async ({ port }) => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 }), fc.boolean(), async (chunks, upgrades) => {
    await attack(port, [...upgrades ? [handshake('/y')] : [], ...chunks, randomBytes(30)])
  }), { numRuns: 40 })
}))

t.test('whatever comes as frames, others are served', t => withstands(t, async ({ port }) => {
  await fc.assert(fc.asyncProperty(fc.array(framesOf(messages, MAX_MESSAGE), { minLength: 1, maxLength: 8 }), async sent => {
    await attack(port, [handshake('/y'), ...sent.map(frame)])
  }), { numRuns: 60 })
}))

t.test('whatever comes as a message, its sender can go on or is told why not', t => withstands(t, async ({ connect }) => {
  await fc.assert(fc.asyncProperty(fc.array(messages, { minLength: 1, maxLength: 15 }), async sent => {
    const client = connect()
    client.socket.on('open', () => {
      for (const message of sent) client.send(JSON.stringify(message))
      client.send({ type: 'subscribe', topics: ['own'] })
      client.send(publication('own', 'the last'))
    })
    await until(() => client.code !== undefined || client.received.some(({ data }) => data === 'the last'))
    if (client.code !== undefined && !sent.some(message => JSON.stringify(message).length > MAX_MESSAGE)) throw new Error(`closed with ${client.code}`)
    await client.leave()
  }), { numRuns: 40 })
}))

t.test('a flood from many sockets at a time leaves nothing', t => withstands(t, async ({ join }) => {
  const data = 'x'.repeat(MAX_MESSAGE - 100)
  await Promise.all(Array.from({ length: 15 }, async (_, n) => {
    const client = await join(`flood ${n}`)
    for (let count = 0; count < 60; count++) client.send(publication('flood', data))
    client.send(publication(`flood ${n}`, 'last'))
    await hears(client, 1)
    await client.leave()
  }))
}))

/** What clients do. */
const steps = fc.array(fc.record({ act: fc.constantFrom('subscribe', 'unsubscribe', 'publish'), who: fc.nat(2), topic: fc.constantFrom('a', 'b') }), { minLength: 1, maxLength: 25 })

t.test('each client gets what is published while it is subscribed, in order and once, whichever server it uses', async t => {
  const store = sharedStore()
  const one = await serve(t, { store })
  const two = await serve(t, { store, clock: one.clock })
  let run = 0
  await fc.assert(fc.asyncProperty(steps, async all => {
    run++
    const clients = [one.connect(), two.connect(), two.connect()]
    const subscribed = clients.map(() => new Set<string>())
    const expected = clients.map((): unknown[] => [])
    const settled = clients.map(() => 0)
    await until(() => clients.every(({ socket }) => socket.readyState === socket.OPEN))
    /** Resolves when the server has handled all that the client sent. */
    const settle = async (who: number): Promise<void> => {
      const own = `own ${run} ${who}`
      const mark = ++settled[who]!
      clients[who]!.send({ type: 'subscribe', topics: [own] })
      clients[who]!.send(publication(own, mark))
      await until(() => clients[who]!.received.some(({ topic, data }) => topic === own && data === mark))
    }
    for (const [nth, { act, who, topic }] of all.entries()) {
      const name = `${topic} ${run}`
      clients[who]!.send(act === 'publish' ? publication(name, nth) : { type: act, topics: [name] })
      if (act === 'subscribe') subscribed[who]!.add(name)
      if (act === 'unsubscribe') subscribed[who]!.delete(name)
      if (act === 'publish') for (const [other, names] of subscribed.entries()) if (names.has(name)) expected[other]!.push(nth)
      await settle(who)
      const heard = (other: number): unknown[] => clients[other]!.received.filter(({ topic }) => !topic.startsWith('own')).map(({ data }) => data)
      await until(() => expected.every(({ length }, other) => heard(other).length >= length))
      for (const [other, data] of expected.entries()) if (JSON.stringify(heard(other)) !== JSON.stringify(data)) throw new Error(`${other} heard ${heard(other).join()} instead of ${data.join()}`)
    }
    await Promise.all(clients.map(client => client.leave()))
  }), { numRuns: 25 })
})
