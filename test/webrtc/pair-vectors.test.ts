import t from 'tap'
import { createHash } from 'node:crypto'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { fromBase64url } from '../../clients/typescript/src/bytes.js'
import { idOf, Participant } from '../../clients/typescript/src/webrtc/participant.js'
import { inviteKey, openHello, parseSealed, sealHello, Session, type InviteKey, type Role } from '../../clients/typescript/src/webrtc/sealing.js'
import { commit, fingerprintOf, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { pair, participants } from './call-vectors.js'
import { IntroducedGuest } from './introduced.js'
import { settle } from './two-routes.js'

type Guest = typeof pair.host

/** A guest with a key pair that is given. */
async function guestWith ({ self, id, key, privateKey }: Guest): Promise<Participant> {
  const bytes = Buffer.from(fromBase64url(key)!)
  const jwk = { kty: 'EC', crv: 'P-256', x: bytes.toString('base64url', 1, 33), y: bytes.toString('base64url', 33), d: privateKey }
  const imported = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
  return Reflect.construct(Participant, [self, id, key, imported])
}

const [host, guest] = await Promise.all([guestWith(pair.host), guestWith(pair.guest)])

async function codeOf (work: () => unknown): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    return error instanceof CallError ? error.code : String(error)
  }
}

async function sessionOf (key: InviteKey, role: Role): Promise<Session> {
  const { guestNonce, hostNonce } = pair
  return await Session.create(key, { role, guestDrop: pair.guest.id, guestNonce, hostNonce })
}

t.test('ids decide who takes the host’s role', async t => {
  const { ascending } = participants
  for (const [index, id] of ascending.entries()) {
    const own: Participant = Reflect.construct(Participant, ['', id])
    t.strictSame(ascending.map(other => other === id ? '' : own.roleWith(other)), ascending.map((_, at) => at === index ? '' : at > index ? 'host' : 'guest'), id)
  }
  for (const { self, id } of [pair.host, pair.guest]) t.equal(await idOf(self), id)
  t.strictSame([host.roleWith(guest.id), guest.roleWith(host.id)], ['host', 'guest'])
})

t.test('two guests seal what they say', async t => {
  const [hostKey, guestKey] = await Promise.all([host.keyWith(guest), guest.keyWith(host)])
  t.strictSame([hostKey.id, guestKey.id], [pair.keyId, pair.keyId])
  t.strictSame([hostKey.hostDrop, guestKey.hostDrop], [pair.host.id, pair.host.id])
  // The client does not reveal what its key is derived from.
  const context = ['signalbox v1', 'pair', pair.host.key, pair.guest.key].join('\n')
  t.equal(createHash('sha256').update(fromBase64url(pair.shared)!).update(context).digest('base64url'), pair.secret)
  t.strictSame(await sealHello(await inviteKey(fromBase64url(pair.secret)!, pair.host.id), pair.guestNonce, pair.messages[0]!.value), pair.messages[0]!.message)
  const sealing = { host: await sessionOf(hostKey, 'host'), guest: await sessionOf(guestKey, 'guest') }
  const opening = { host: await sessionOf(hostKey, 'host'), guest: await sessionOf(guestKey, 'guest') }
  for (const { value, message, relay } of pair.messages) {
    const from = message.from as Role
    const hello = message.n === 0
    t.strictSame(hello ? await sealHello(guestKey, pair.guestNonce, value) : await sealing[from].seal(value), message)
    t.strictSame(relay, { fromGuest: { type: 'relay', message }, fromHost: { type: 'relay', from: pair[from].id, message } })
    const arrived = parseSealed(relay.fromHost.message)
    t.strictSame(hello ? await openHello(hostKey, arrived) : await opening[from === 'host' ? 'guest' : 'host'].open(arrived), value)
  }
  for (const { why, message, code } of pair.refusedHellos) {
    // The value is refused by what answers it; see below.
    t.ok(await openHello(hostKey, parseSealed(message)), `${why}: ${code}`)
  }
})

t.test('two guests have a short code', async t => {
  const { opening, random, hostFingerprint, guestFingerprint, digits } = pair.code
  const [, offer, answer] = pair.messages.map(({ value }) => (value as { description?: { sdp: string } }[] | null)?.[0]?.description?.sdp)
  t.strictSame([fingerprintOf(offer!), fingerprintOf(answer!)], [hostFingerprint, guestFingerprint])
  const { commitment } = await commit(guestFingerprint, opening)
  t.match(pair.messages[0]!.value, { hello: { commitment } })
  for (const session of [await sessionOf(await host.keyWith(guest), 'host'), await sessionOf(await guest.keyWith(host), 'guest')]) {
    t.equal(await shortCode(session, { host: hostFingerprint, random, guest: guestFingerprint, opening }), digits)
  }
})

t.test('a key that is no point on the curve is refused', async t => {
  for (const { why, key, code } of pair.refusedKeys) t.equal(await codeOf(() => guest.keyWith({ id: pair.host.id, key })), code, why)
})

/** A guest of a call, whose host says whatever it likes. */
const introduced = (own: Participant): IntroducedGuest => Reflect.construct(IntroducedGuest, [own, undefined])

t.test('the introduced guest says hello, and the other answers', async t => {
  const visitor = introduced(guest)
  visitor.host.say(pair.meet.toGuest)
  while (visitor.host.relayed.length === 0) await settle()
  const [hello] = visitor.host.relayed
  t.match(hello, { to: pair.host.id, from: 'guest', n: 0, key: pair.keyId })
  t.match(await openHello(await host.keyWith(guest), hello!), { drop: pair.guest.id })

  const visited = introduced(host)
  visited.host.say(pair.meet.toHost)
  await settle()
  t.strictSame(visited.host.relayed, [], 'the one with the lower id waits')
  visited.host.say(pair.messages[0]!.relay.fromHost)
  while (visited.host.relayed.length === 0) await settle()
  t.match(visited.host.relayed[0], { to: pair.guest.id, from: 'host', n: 1, key: pair.keyId })
  for (const { scope } of [visitor, visited]) scope.end()
})

t.test('a malformed introduction is refused, and so is a hello under another id', async t => {
  for (const { why, message, code } of pair.refusedMeetings) {
    const visited = introduced(guest)
    t.equal(await codeOf(() => { visited.host.say(message) }), code, why)
    visited.scope.end()
  }
  for (const { why, message, code } of pair.refusedHellos) {
    const visited = introduced(host)
    visited.host.say(pair.meet.toHost)
    visited.host.say({ type: 'relay', from: pair.guest.id, message })
    while (visited.refused.length === 0) await settle()
    t.strictSame([visited.refused, visited.refusedIds], [[code], [pair.guest.id]], why)
    visited.scope.end()
  }
})
