import t from 'tap'
import fc from 'fast-check'
import { Negotiation } from '../../clients/typescript/src/webrtc/negotiation.js'
import { createNonce } from '../../clients/typescript/src/webrtc/sealing.js'
import { Adversary, DIGITS, type GuestLine, type HostLine, type Negotiate } from './adversary.js'
import { doubtful } from './doubtful-fingerprints.js'
import { line, sdpWith } from './fake-connection.js'
import { FaultyNegotiation } from './faulty-negotiation.js'

// A code of one digit, and an adversary who holds the invite and the server.
const now: Negotiate = (...ends) => new Negotiation(...ends, DIGITS)
const before: Negotiate = (...ends) => new FaultyNegotiation(...ends)

/** What he does with a host and a guest that have just begun. */
type Play = (adversary: Adversary, guest: GuestLine) => Promise<void>

const description = (type: string, ...fingerprints: string[]) => ({ description: { type, sdp: sdpWith(...fingerprints.map(line)) } })

/** Sits between the two as far as the protocol lets him, and hopes. */
const hope = (sessions: number): Play => async (he, guest) => {
  for (let count = 0; count < sessions; count++) await he.hello(he.own)
  await he.send(guest, description('offer', he.other))
  for (const host of he.hostLines) await he.send(host, { opening: host.committed, ...description('answer', he.own) })
}

/** The same, but goes on only with sessions that are going to show the guest's code. */
const choose: Play = async (he, guest) => {
  for (let count = 0; count < 8; count++) await he.hello(he.own)
  await he.send(guest, description('offer', he.other))
  const code = await he.guestCode(guest, he.other)
  for (const host of he.hostLines) {
    if (await he.hostCode(host, he.own) === code) await he.send(host, { opening: host.committed, ...description('answer', he.own) })
  }
}

/** Has a first description checked and ignored, then searches an opening for the second. */
const glare: Play = async (he, guest) => {
  const host = await he.hello(he.own)
  await he.send(host, { opening: host.committed, ...description('offer', he.own) })
  await he.send(guest, description('offer', he.other))
  const opening = await he.search(host, he.own, await he.guestCode(guest, he.other))
  await he.send(host, { opening, ...description('answer', he.own) })
}

/** Has a first answer checked, then sends another opening alone or with another description. */
const second = (...later: string[]): Play => async (he, guest) => {
  const host = await he.hello(he.own)
  await he.send(guest, description('offer', he.other))
  const opening = await he.search(host, he.own, await he.guestCode(guest, he.other))
  await he.send(host, { opening: host.committed, ...description('answer', he.own) })
  await he.send(host, { opening })
  for (const type of later) await he.send(host, { opening, ...description(type, he.own) })
}

/** Tells the guest which opening to use, before and after its answer. */
const dictate: Play = async (he, guest) => {
  const host = await he.hello(he.own)
  await he.send(guest, { opening: host.committed, ...description('offer', he.other) })
  const code = await he.hostCode(host, he.own)
  for (let tries = 0; tries < 200 && guest.opening !== undefined; tries++) {
    guest.opening = createNonce()
    if (await he.guestCode(guest, he.other) === code) break
  }
  await he.send(guest, { opening: guest.opening, ...description('offer', he.other) })
  await he.send(host, { opening: host.committed, ...description('answer', he.own) })
}

/** Leaves both in one session, and hides his certificates in their descriptions beside the true ones. */
const hide = (spelling: number): Play => async (he, guest) => {
  const host = await he.relay(guest)
  const disguise = (type: string, fingerprint: string | undefined, own: string) =>
    ({ description: { type, sdp: sdpWith(line(fingerprint!), doubtful(own)[spelling]!) } })
  await he.send(guest, disguise('offer', host.fingerprint, he.other))
  await he.send(host, { opening: guest.opening, ...disguise('answer', guest.fingerprint, he.own) })
}

const move = fc.record({
  to: fc.constantFrom('host', 'guest', 'hello', 'relay', 'answer the host', 'offer to the guest'),
  session: fc.nat(2),
  type: fc.constantFrom('offer', 'answer', 'answer', 'pranswer', 'rollback', 'Answer', 'none'),
  who: fc.constantFrom('own', 'own', 'other', 'theirs', 'both', 'hidden'),
  spelling: fc.nat(doubtful('x y').length - 1),
  opening: fc.constantFrom('committed', 'committed', 'searched', 'theirs', 'padded', 'number', 'none'),
  candidate: fc.boolean()
})

/** Any moves, each as clever as it can be at that moment. */
const anyMoves: fc.Arbitrary<Play> = fc.array(move, { minLength: 4, maxLength: 12 }).map(moves => async (he, guest) => {
  await he.hello(he.own)
  for (const { to, session, type, who, spelling, opening, candidate } of moves) {
    if (to === 'hello') await he.hello(he[who === 'other' ? 'other' : 'own'], opening === 'theirs' ? guest.commitment : undefined)
    else if (to === 'relay') await he.relay(guest)
    else if (to === 'offer to the guest') await he.send(guest, description('offer', he.own))
    const host: HostLine = he.hostLines[session % he.hostLines.length]!
    if (to === 'answer the host') await he.send(host, { opening: host.committed, ...description('answer', he.own) })
    if (to !== 'host' && to !== 'guest') continue
    const [other, end] = to === 'guest' ? [host, guest] : [guest, host]
    const lines = {
      own: [line(he.own)],
      other: [line(he.other)],
      theirs: [line(other.fingerprint ?? he.own)],
      both: [line(he.own), line(other.fingerprint ?? he.own)],
      hidden: [line(other.fingerprint ?? he.own), doubtful(he.own)[spelling]!]
    }[who]
    const openings: Record<string, () => unknown> = {
      committed: () => host.committed,
      searched: async () => await he.search(host, he.own, await he.guestCode(guest, he.own)),
      theirs: () => guest.opening,
      padded: () => `${host.committed}=`,
      number: () => 1,
      none: () => undefined
    }
    await he.send(end, {
      opening: await openings[opening]!(),
      ...(type !== 'none' && { description: { type, sdp: sdpWith(...lines) } }),
      ...(candidate && { candidate: { candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 9 typ host', sdpMid: '0' } })
    })
  }
})

interface Count { tries: number, right: number }

async function attempt (play: Play, negotiate: Negotiate, count: Count): Promise<void> {
  const adversary = await Adversary.begin(negotiate)
  try {
    await play(adversary, adversary.guestLines[0]!)
    const equal = await adversary.connect()
    count.tries += adversary.chances
    if (equal) count.right++
  } finally {
    await adversary.end()
  }
}

async function count (runs: number, negotiate: Negotiate, play: (run: number) => Play): Promise<Count> {
  const count = { tries: 0, right: 0 }
  for (let run = 0; run < runs; run++) await attempt(play(run), negotiate, count)
  return count
}

/** One in ten, and what chance adds to that less often than once in a million runs of this test. */
const most = (tries: number) => tries / 10 + 5 * Math.sqrt(tries * 0.09)

const plays: Record<string, [play: (run: number) => Play, runs: number]> = {
  hopes: [() => hope(1), 250],
  'hopes in several sessions': [() => hope(3), 100],
  'goes on only where the codes will be equal': [() => choose, 30],
  'has an ignored offer checked in place of the answer': [() => glare, 60],
  'sends another opening after the answer': [() => second(), 40],
  'sends another answer': [() => second('answer'), 40],
  'sends another offer': [() => second('offer'), 40],
  'tells the guest its opening': [() => dictate, 40],
  'hides certificates in descriptions': [run => hide(run % doubtful('x y').length), 45]
}
const total = { tries: 0, right: 0 }

for (const [name, [play, runs]] of Object.entries(plays)) {
  t.test(`an adversary who ${name} succeeds in at most one of ten tries`, async t => {
    const { tries, right } = await count(runs, now, play)
    t.comment(`right ${right} times in ${tries} tries`)
    t.ok(right <= most(tries), `${right} of ${tries}`)
    total.tries += tries
    total.right += right
  })
}

t.test('an adversary who does anything at random succeeds in at most one of ten tries', async t => {
  const count = { tries: 0, right: 0 }
  await fc.assert(fc.asyncProperty(anyMoves, async play => { await attempt(play, now, count) }), { numRuns: 120, endOnFailure: true })
  t.comment(`right ${count.right} times in ${count.tries} tries`)
  t.ok(count.right <= most(count.tries), `${count.right} of ${count.tries}`)
  total.tries += count.tries
  total.right += count.right
})

t.test('the adversary had a thousand tries, and a real chance', async t => {
  t.comment(`right ${total.right} times in ${total.tries} tries`)
  t.ok(total.tries >= 1_000)
  t.ok(total.right >= 20, 'he does get between the two')
})

t.test('with the old negotiation, an adversary who gets an ignored offer checked always succeeds', async t => {
  const { tries, right } = await count(50, before, () => glare)
  t.comment(`right ${right} times in ${tries} tries`)
  t.equal(right, 50)
})

/** Says hello until the host makes no offer any more. @returns how many codes he could have had to compare */
async function guesses (he: Adversary, guess: (line: HostLine) => Promise<void>): Promise<number> {
  for (let hellos = 0; hellos < 20; hellos++) {
    const host = await he.hello(he.own)
    if (host.fingerprint !== undefined) await guess(host)
  }
  return he.hostLines.filter(({ fingerprint }) => fingerprint !== undefined).length
}

const answer = async (he: Adversary, host: HostLine) => {
  await he.send(host, { opening: host.committed, ...description('answer', he.own) })
  return await he.open(host)
}

for (const [name, shows, guess] of [
  ['gives up before he is connected', true, (he, host) => he.leave(host)],
  ['connects and leaves at once', true, async (he, host) => { if (await answer(he, host)) await he.leave(host) }],
  ['connects and leaves before the page shows a code', false, async (he, host) => { if (await answer(he, host)) await he.leave(host) }],
  ['stays connected to a page that shows no code', false, async (he, host) => { await answer(he, host) }]
] as [string, boolean, (he: Adversary, host: HostLine) => Promise<void>][]) {
  t.test(`an adversary who ${name} has eight guesses`, async t => {
    const adversary = await Adversary.begin(now, shows)
    t.teardown(() => adversary.end())
    t.equal(await guesses(adversary, async host => await guess(adversary, host)), 8)
  })
}

t.test('an adversary who breaks each connection to the guest sees two of its hellos', async t => {
  const adversary = await Adversary.begin(now)
  t.teardown(() => adversary.end())
  for (let tries = 0; tries < 5; tries++) {
    const guest = adversary.guestLines[tries]
    if (guest === undefined) break
    await adversary.send(guest, description('offer', adversary.other))
    await adversary.breakGuest()
  }
  t.equal(adversary.guestLines.length, 2)
})

t.test('what the host sends before its offer does not reveal the code', async t => {
  const adversary = await Adversary.begin(now)
  t.teardown(() => adversary.end())
  const lines = [await adversary.hello(adversary.own), await adversary.hello(adversary.own)]
  for (const { heard } of lines) {
    const offer = heard.findIndex(value => 'description' in Object(value))
    t.ok(offer >= 0)
    t.strictSame(heard.slice(0, offer).filter(value => JSON.stringify(value) !== '{}'), [])
    t.match(heard[offer], { random: /^[\w-]{22}$/, description: { type: 'offer' } })
  }
  t.strictSame(lines[1]!.heard[0], {}, 'who comes second is first asked whether it is there')
  t.equal(new Set(lines.map(({ random }) => random)).size, 2)
  for (const line of lines) t.match(line.random, /^[\w-]{22}$/)
})
