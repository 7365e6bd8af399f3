import t from 'tap'
import { checkCommitment, checkRandom, commit, fingerprintOf, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { doubtful, taken } from './doubtful-fingerprints.js'
import { createNonce, createSecret, inviteKey, Session } from '../../clients/typescript/src/webrtc/sealing.js'

const fingerprint = (byte: string) => `sha-256 ${Array(32).fill(byte).join(':')}`

async function pair () {
  const invite = await inviteKey(createSecret(), `drop_${'H'.repeat(32)}`)
  const parts = { guestDrop: `drop_${'G'.repeat(32)}`, guestNonce: createNonce(), hostNonce: createNonce() }
  return [await Session.create(invite, { ...parts, role: 'host' }), await Session.create(invite, { ...parts, role: 'guest' })] as const
}

t.test('an opening is accepted only in its one form', async t => {
  for (const opening of ['', 'short', `${createNonce()}=`, `${createNonce()}AAAA`, 'x'.repeat(22)]) {
    const { commitment } = await commit(fingerprint('AA'), opening)
    await t.rejects(checkCommitment(commitment, opening, fingerprint('AA')), { code: 'CALL_ERR_FINGERPRINT' }, opening)
  }
})

t.test('both sides see the same six digits', async t => {
  const [host, guest] = await pair()
  const opening = createNonce()
  const parts = { host: fingerprint('AA'), random: createNonce(), guest: fingerprint('BB'), opening }
  const code = await shortCode(host, parts)
  t.match(code, /^\d{6}$/)
  t.equal(await shortCode(guest, parts), code)
  t.match(await shortCode(host, parts, 25), /^0{5}\d{20}$/, 'leading zeros are digits, too: 64 bits are at most 20')
})

t.test('a swapped fingerprint, another session or another random value changes the code', async t => {
  const [session] = await pair()
  const [other] = await pair()
  const parts = { host: fingerprint('AA'), random: createNonce(), guest: fingerprint('BB'), opening: createNonce() }
  const codes = [
    await shortCode(session, parts),
    await shortCode(session, { ...parts, host: fingerprint('CC') }),
    await shortCode(session, { ...parts, guest: fingerprint('CC') }),
    await shortCode(session, { ...parts, host: fingerprint('BB'), guest: fingerprint('AA') }),
    await shortCode(session, { ...parts, opening: createNonce() }),
    await shortCode(session, { ...parts, random: createNonce() }),
    await shortCode(other, parts)
  ]
  t.ok(new Set(codes).size >= 6, 'two of seven differ by chance in all but one of 70,000 runs, and three never')
})

t.test('a guest is held to the fingerprint and the number of its hello', async t => {
  const { commitment, opening } = await commit(fingerprint('AA'))
  t.equal(await checkCommitment(commitment, opening, fingerprint('AA')), opening)
  for (const [number, print] of [[createNonce(), fingerprint('AA')], [opening, fingerprint('BB')], [undefined, fingerprint('AA')], [`${opening}=`, fingerprint('AA')]] as const) {
    await t.rejects(checkCommitment(commitment, number, print), { code: 'CALL_ERR_FINGERPRINT' })
  }
})

t.test('the host’s random number is accepted only in its one form', async t => {
  const random = createNonce()
  t.equal(checkRandom(random), random)
  for (const bad of [undefined, 1, '', `${random}=`, `${random}AAAA`, 'x'.repeat(22)]) t.throws(() => checkRandom(bad), { code: 'CALL_ERR_FORMAT' })
})

const sdp = (...lines: string[]) => ['v=0', ...lines, ''].join('\r\n')

t.test('the fingerprint is read from all sections of a description', async t => {
  t.equal(fingerprintOf(sdp(`a=fingerprint:${fingerprint('AB')}`, 'm=audio', `a=fingerprint:${fingerprint('AB')}`)), fingerprint('AB'))
  const longer = `sha-512 ${Array(64).fill('01').join(':')}`
  t.equal(fingerprintOf(sdp(`a=fingerprint:${longer}`, `a=fingerprint:${fingerprint('02')}`)), `${fingerprint('02')},${longer}`)
  t.equal(fingerprintOf(sdp(`a=fingerprint:${fingerprint('AB')}`).replaceAll('\r', '')), fingerprint('AB'))
})

t.test('each hash has its own length', async t => {
  for (const [hash, bytes] of [['sha-256', 32], ['sha-384', 48], ['sha-512', 64]] as const) {
    const ofLength = (length: number) => `${hash} ${Array(length).fill('0F').join(':')}`
    t.equal(fingerprintOf(sdp(`a=fingerprint:${ofLength(bytes)}`)), ofLength(bytes))
    for (const length of [1, 2, bytes - 1, bytes + 1]) t.throws(() => fingerprintOf(sdp(`a=fingerprint:${ofLength(length)}`)), { code: 'CALL_ERR_FINGERPRINT' }, `${hash}, ${length}`)
  }
})

t.test('a description without a fingerprint, or with a doubtful one, is refused', async t => {
  const decoy = `a=fingerprint:${fingerprint('AA')}`
  const hidden = fingerprint('BB')
  t.throws(() => fingerprintOf(sdp('m=audio')), { code: 'CALL_ERR_FINGERPRINT' })
  const texts = doubtful(hidden).flatMap(line => [sdp(decoy, 'm=audio', line), sdp(line, 'm=audio', decoy), sdp(line)])
  t.strictSame(texts.filter(taken), [])
})
