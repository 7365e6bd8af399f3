import t from 'tap'
import fc from 'fast-check'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import {
  createNonce, createSecret, inviteKey, openHello, parseSealed, sealHello, Session,
  type Role, type SealedMessage
} from '../../clients/typescript/src/webrtc/sealing.js'

const drop = (letter: string) => `drop_${letter.repeat(32)}`
const otherRole = (role: Role): Role => role === 'host' ? 'guest' : 'host'

interface Pair { hostDrop: string, guestDrop: string, secret: Uint8Array<ArrayBuffer>, guestNonce: string, hostNonce: string }

function parties (over: Partial<Pair> = {}): Pair {
  return { hostDrop: drop('H'), guestDrop: drop('G'), secret: createSecret(), guestNonce: createNonce(), hostNonce: createNonce(), ...over }
}

async function sides ({ hostDrop, secret, ...parts }: Pair): Promise<Record<Role, Session>> {
  const key = await inviteKey(secret, hostDrop)
  const { guestDrop, guestNonce, hostNonce } = parts
  return {
    host: await Session.create(key, { role: 'host', guestDrop, guestNonce, hostNonce }),
    guest: await Session.create(key, { role: 'guest', guestDrop, guestNonce, hostNonce })
  }
}

/** The code with which this is refused; 'opened' where it is not. */
async function refusal (opening: () => Promise<unknown>): Promise<string> {
  try {
    await opening()
    return 'opened'
  } catch (error) {
    if (error instanceof CallError) return error.code
    throw error
  }
}

const role = fc.constantFrom<Role>('host', 'guest')
const refusedAs = (code: string, attack: (session: Record<Role, Session>, from: Role, pair: Pair) => Promise<unknown>) =>
  fc.assert(fc.asyncProperty(role, async from => {
    const pair = parties()
    const seen = await refusal(async () => await attack(await sides(pair), from, pair))
    if (seen !== code) throw new Error(`${seen}, not ${code}`)
  }), { numRuns: 20 })

t.test('any JSON value survives sealing in both directions', async t => {
  const { host, guest } = await sides(parties())
  await fc.assert(fc.asyncProperty(fc.jsonValue(), role, async (value, from) => {
    const [sealing, opening] = from === 'host' ? [host, guest] : [guest, host]
    const sent = JSON.parse(JSON.stringify(await sealing.seal(value)))
    const opened = await opening.open(parseSealed(sent))
    return JSON.stringify(opened) === JSON.stringify(value)
  }), { numRuns: 100 })
  await t.rejects(host.seal(undefined), TypeError)
})

t.test('no single flipped bit of the stored text yields a message', async t => {
  const pair = parties()
  const sealed = await (await sides(pair)).host.seal(['offer'])
  const text = new TextEncoder().encode(JSON.stringify(sealed))
  const codes = new Set<string>()
  for (let bit = 0; bit < text.length * 8; bit++) {
    const changed = Uint8Array.from(text)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    let message: unknown
    try {
      message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(changed))
    } catch {
      continue
    }
    const code = await refusal(async () => await (await sides(pair)).guest.open(parseSealed(message)))
    if (code === 'opened') t.strictSame(message, sealed, 'only what reads the same is taken')
    codes.add(code)
  }
  t.ok(codes.has('CALL_ERR_CHANGED'))
  t.notOk([...codes].some(code => !code.startsWith('CALL_ERR_')), [...codes].join())
})

t.test('every bit of the ciphertext and of the tag is protected', async t => {
  const pair = parties()
  const sealed = await (await sides(pair)).guest.seal({ candidate: 'x' })
  const bytes = Buffer.from(sealed.sealed, 'base64url')
  const { host } = await sides(pair)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    const code = await refusal(async () => await host.open({ ...sealed, sealed: changed.toString('base64url') }))
    if (code !== 'CALL_ERR_CHANGED') t.equal(code, 'CALL_ERR_CHANGED', `bit ${bit}`)
  }
  t.strictSame(await host.open(sealed), { candidate: 'x' }, 'and the right one still opens')
})

t.test('a shortened, lengthened or emptied ciphertext is refused', async t => {
  const { host, guest } = await sides(parties())
  const sealed = await host.seal(['offer'])
  for (const text of ['', sealed.sealed.slice(0, -4), sealed.sealed + 'AAAA', sealed.sealed + '=', ' ' + sealed.sealed, '+' + sealed.sealed.slice(1)]) {
    t.equal(await refusal(async () => await guest.open({ ...sealed, sealed: text })), 'CALL_ERR_CHANGED')
  }
})

t.test('a replayed message is refused', () => refusedAs('CALL_ERR_REPLAYED', async (session, from) => {
  const sealed = await session[from].seal('once')
  await session[otherRole(from)].open(sealed)
  await session[otherRole(from)].open(sealed)
}))

t.test('a message that is opened twice concurrently is accepted once', async t => {
  const { host, guest } = await sides(parties())
  const sealed = await host.seal('once')
  const codes = await Promise.all([1, 2, 3].map(() => refusal(async () => await guest.open(sealed))))
  t.strictSame(codes.sort(), ['CALL_ERR_REPLAYED', 'CALL_ERR_REPLAYED', 'opened'])
})

t.test('a missing or overtaken message is noticed', () => refusedAs('CALL_ERR_ORDER', async (session, from) => {
  await session[from].seal('first')
  await session[otherRole(from)].open(await session[from].seal('second'))
}))

t.test('any order but the right one is refused at the first wrong message', async () => {
  await fc.assert(fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 }), async order => {
    const { host, guest } = await sides(parties())
    const sealed: SealedMessage[] = []
    for (let n = 1; n <= 5; n++) sealed.push(await host.seal(n))
    for (const [index, n] of order.entries()) {
      const code = await refusal(async () => await guest.open(sealed[n - 1]!))
      if (n === index + 1 ? code !== 'opened' : code !== 'CALL_ERR_ORDER') return false
      if (n !== index + 1) break
    }
    return true
  }), { numRuns: 60 })
})

t.test('our own message sent back is refused', () => refusedAs('CALL_ERR_REFLECTED', async (session, from) => {
  await session[from].open(await session[from].seal('mine'))
}))

t.test('our own message with the direction rewritten is refused', () => refusedAs('CALL_ERR_CHANGED', async (session, from, pair) => {
  const to = from === 'host' ? pair.hostDrop : pair.guestDrop
  await session[from].open({ ...await session[from].seal('mine'), from: otherRole(from), to })
}))

t.test('the guest’s own hello sent back is refused', async t => {
  const pair = parties()
  const hello = await sealHello(await inviteKey(pair.secret, pair.hostDrop), pair.guestNonce, {})
  t.equal(await refusal(async () => await (await sides(pair)).guest.open(hello)), 'CALL_ERR_REFLECTED')
})

t.test('another box’s message is refused', () => refusedAs('CALL_ERR_FOREIGN', async (session, from, pair) => {
  const other = await sides({ ...pair, hostDrop: drop('h'), guestDrop: drop('g') })
  await session[otherRole(from)].open(await other[from].seal('foreign'))
}))

t.test('another box’s message with the address rewritten is refused', () => refusedAs('CALL_ERR_CHANGED', async (session, from, pair) => {
  const other = await sides({ ...pair, hostDrop: drop('h'), guestDrop: drop('g') })
  const to = from === 'host' ? pair.guestDrop : pair.hostDrop
  await session[otherRole(from)].open({ ...await other[from].seal('foreign'), to })
}))

t.test('another guest’s message is refused, although both have the same invite', () => refusedAs('CALL_ERR_FOREIGN', async (session, _from, pair) => {
  const other = await sides({ ...pair, guestDrop: drop('g'), guestNonce: createNonce() })
  await session.host.open(await other.guest.seal('foreign'))
}))

t.test('another guest’s message with the session rewritten is refused', () => refusedAs('CALL_ERR_CHANGED', async (session, _from, pair) => {
  const other = await sides({ ...pair, guestDrop: drop('g'), guestNonce: createNonce() })
  await session.host.open({ ...await other.guest.seal('foreign'), session: session.host.id })
}))

t.test('a message from an earlier session of the same two boxes is refused', () => refusedAs('CALL_ERR_FOREIGN', async (session, from, pair) => {
  const earlier = await sides({ ...pair, hostNonce: createNonce() })
  await session[otherRole(from)].open(await earlier[from].seal('old'))
}))

t.test('a message under another secret is refused', () => refusedAs('CALL_ERR_KEY', async (session, from, pair) => {
  const other = await sides({ ...pair, secret: createSecret() })
  await session[otherRole(from)].open(await other[from].seal('wrong'))
}))

t.test('a message under another secret with the key’s name rewritten is refused', () => refusedAs('CALL_ERR_CHANGED', async (session, from, pair) => {
  const other = await sides({ ...pair, secret: createSecret() })
  await session[otherRole(from)].open({ ...await other[from].seal('wrong'), key: session.host.invite.id })
}))

t.test('a hello opens under its own invite only', async t => {
  const secret = createSecret()
  const here = await inviteKey(secret, drop('H'))
  const nonce = createNonce()
  const hello = await sealHello(here, nonce, { drop: drop('G') })
  t.strictSame(await openHello(here, parseSealed(hello)), { drop: drop('G') })
  const opened = async (message: SealedMessage, invite = here) => await refusal(async () => await openHello(invite, message))
  t.equal(await opened(hello, await inviteKey(secret, drop('h'))), 'CALL_ERR_FOREIGN')
  t.equal(await opened(hello, await inviteKey(createSecret(), drop('H'))), 'CALL_ERR_KEY')
  t.equal(await opened({ ...hello, to: drop('h') }, await inviteKey(secret, drop('h'))), 'CALL_ERR_CHANGED')
  t.equal(await opened({ ...hello, session: createNonce() }), 'CALL_ERR_CHANGED', 'another guest’s nonce')
  t.equal(await opened({ ...hello, n: 1 }), 'CALL_ERR_ORDER')
  t.equal(await opened({ ...hello, from: 'host' }), 'CALL_ERR_REFLECTED')
  const { guest } = await sides(parties({ secret }))
  t.equal(await opened(await guest.seal('no hello')), 'CALL_ERR_FOREIGN')
})

t.test('anything not shaped exactly like a sealed message is refused', async t => {
  const { host } = await sides(parties())
  const sealed = await host.seal(1)
  const code = async (message: unknown) => await refusal(async () => parseSealed(message))
  t.equal(await code({ ...sealed, v: 2 }), 'CALL_ERR_VERSION')
  const { n, ...rest } = sealed
  for (const message of [
    null, 1, 'text', [], {}, rest, { ...sealed, extra: 1 }, { ...sealed, v: '1' }, { ...sealed, from: 'server' }, { ...sealed, n: -1 },
    { ...sealed, n: 1.5 }, { ...sealed, n: 2 ** 53 }, { ...sealed, n: '1' }, { ...sealed, session: '' }, { ...sealed, session: 'x' },
    { ...sealed, session: `${sealed.session}.${createNonce()}` }, { ...sealed, session: `${sealed.session}.` }, { ...sealed, sealed: null },
    { ...rest, __proto__: null, [Symbol.iterator]: n }
  ]) {
    t.equal(await code(message), 'CALL_ERR_FORMAT')
  }
})

t.test('the two directions and the hello never share a key', async t => {
  const pair = parties()
  const { host, guest } = await sides(pair)
  const hello = await sealHello(host.invite, pair.guestNonce, 'same')
  const texts = [(await host.seal('same')).sealed, (await guest.seal('same')).sealed, hello.sealed]
  t.equal(new Set(texts.map(text => text.slice(0, 6))).size, 3)
})
