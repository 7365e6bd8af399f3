import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { until } from '../../helpers/until.js'
import { attack, frame, framesOf, handshake } from '../frames.js'
import { serve, type Served } from './peers.js'

/** The request of a client that has become `fuzz`. */
const HEAD = handshake('/p/peerjs?key=peerjs&id=fuzz&token=t')
const MAX_MESSAGE = 1_000

const names = fc.constantFrom('anna', 'nobody', 'fuzz', '', '__proto__', 'x'.repeat(300))
const types = fc.constantFrom('OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE', 'HEARTBEAT', 'OPEN', 'ID-TAKEN', 'constructor')
/** messages of clients, or nearly so */
const messages = fc.oneof(
  fc.record({ type: fc.oneof(types, fc.jsonValue()), dst: fc.oneof(names, fc.jsonValue()), payload: fc.jsonValue({ maxDepth: 4 }), src: names }, { requiredKeys: [] }),
  fc.jsonValue()
)

/** A server with two peers, which after the attack still reach each other, and are the only ones left. */
async function withstands (t: Test, attacks: (served: Served) => Promise<void>): Promise<void> {
  const warnings: string[] = []
  const warned = ({ message }: Error): void => { warnings.push(message) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  const served = await serve(t, { maxMessageBytes: MAX_MESSAGE, discovery: true, soon: { expire: 500 } })
  const { join, url } = served
  const [ben, carl] = [await join('ben'), await join('carl')]
  await attacks(served)
  ben.send({ type: 'OFFER', dst: 'carl', payload: 1 })
  await carl.gets({ type: 'OFFER', src: 'ben', dst: 'carl', payload: 1 })
  let left: string[] = []
  let asking = false
  await until(() => {
    if (!asking) {
      asking = true
      void fetch(`${url}/peerjs/peers`).then(answer => answer.json()).then(peers => { left = peers; asking = false })
    }
    return left.length === 2
  })
  t.same(left, ['ben', 'carl'], 'what the others had is gone')
  t.same(warnings, [], 'Node warns of no leak')
}

t.test('whatever comes as bytes, others are served', t => withstands(t, async ({ port }) => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 }), fc.boolean(), async (chunks, upgrades) => {
    await attack(port, [...upgrades ? [HEAD] : [], ...chunks, randomBytes(30)])
  }), { numRuns: 60 })
}))

t.test('whatever comes as frames, others are served', t => withstands(t, async ({ port }) => {
  await fc.assert(fc.asyncProperty(fc.array(framesOf(messages, MAX_MESSAGE), { minLength: 1, maxLength: 8 }), async sent => {
    await attack(port, [HEAD, ...sent.map(frame)])
  }), { numRuns: 100 })
}))

t.test('whatever comes as a message, its sender can go on or is told why not', t => withstands(t, async ({ join }) => {
  let nth = 0
  await fc.assert(fc.asyncProperty(fc.array(messages, { minLength: 1, maxLength: 20 }), async sent => {
    const id = `peer ${nth++}`
    const peer = await join(id)
    for (const message of sent) peer.send(JSON.stringify(message))
    peer.send({ type: 'OFFER', dst: id, payload: 'the last' })
    await until(() => peer.code !== undefined || peer.received.some(({ payload }) => payload === 'the last'))
    const hasLeft = sent.some(message => (message as { type?: unknown } | null)?.type === 'LEAVE')
    if (peer.code !== undefined && !hasLeft && !sent.some(message => JSON.stringify(message).length > MAX_MESSAGE)) throw new Error(`closed with ${peer.code}`)
    await peer.leave()
  }), { numRuns: 60 })
}))

t.test('messages for many that are not there are refused', t => withstands(t, async ({ join }) => {
  const anna = await join('anna')
  for (let n = 0; n < 600; n++) anna.send({ type: 'CANDIDATE', dst: `nobody ${n % 40}`, payload: 'x'.repeat(100) })
  for (let n = 0; n < 40; n++) t.match(await anna.next(), { type: 'EXPIRE' })
  await anna.leave()
}))

t.test('a flood from many sockets at a time leaves nothing', t => withstands(t, async ({ connect }) => {
  const text = JSON.stringify({ type: 'CANDIDATE', dst: 'nobody', payload: 'x'.repeat(MAX_MESSAGE - 100) })
  await Promise.all(Array.from({ length: 30 }, async (_, n) => {
    const peer = connect(`flood ${n}`)
    await peer.gets({ type: 'OPEN' })
    for (let count = 0; count < 100; count++) peer.send(text)
    await peer.gets({ type: 'EXPIRE', src: 'nobody', dst: `flood ${n}` })
    await peer.leave()
  }))
}))
