import { fromBase64url, toBase64url } from '../../clients/typescript/src/bytes.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { idOf, Participant } from '../../clients/typescript/src/webrtc/participant.js'
import { PieceAssembler, splitIntoPieces } from '../../clients/typescript/src/webrtc/pieces.js'
import { openHello, parseSealed, sealHello, Session, type Role } from '../../clients/typescript/src/webrtc/sealing.js'
import { commit, fingerprintOf, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { lengthOf, NO_HASH, nextHash, toHex } from '../../src/web/files/blocks.js'
import { parseFileMessage } from '../../src/web/files/file-messages.js'
import { parseMessage } from '../../src/web/call/page-messages.js'
import { page, pair, participants, pieces, textOf, versions } from './call-vectors.js'

export interface Checked { count: number, wrong: string[] }

/** Runs in browsers: checks the vectors that need no connection. */
export async function checkCallVectors (): Promise<Checked> {
  const checked: Checked = { count: 0, wrong: [] }
  const equal = (found: unknown, expected: unknown, why: string) => {
    checked.count++
    if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected))) checked.wrong.push(`${why}: ${JSON.stringify(found)}`.slice(0, 300))
  }
  for (const { why, invite, code } of versions.invites) equal(await codeOf(() => parseInvite(invite)), code, why)
  for (const { why, message, code } of versions.messages) equal(await codeOf(() => parseSealed(message)), code, why)
  equal(await idOf(participants.hostDrop), participants.hostId, 'the host’s id')
  await checkPair(equal)
  checkPieces(equal)
  for (const { why, text, taken } of page.messages) equal(parseMessage(text) ?? null, taken, why)
  for (const { why, text, taken } of page.files) equal(parseFileMessage(text) ?? null, taken, why)
  await checkBlocks(equal)
  return checked
}

type Equal = (found: unknown, expected: unknown, why: string) => void

/** The code of the error that the work ends with, if any. */
export async function codeOf (work: () => unknown): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error instanceof CallError ? error.code : String(error)
  }
}

/** The same, with members in the order of their names. */
function sorted (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (Object(value) !== value) return value
  return Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => a < b ? -1 : 1).map(([name, member]) => [name, sorted(member)]))
}

async function guestWith ({ self, id, key, privateKey }: typeof pair.host): Promise<Participant> {
  const part = (start: number) => toBase64url(fromBase64url(key)!.slice(start, start + 32))
  const jwk = { kty: 'EC', crv: 'P-256', x: part(1), y: part(33), d: privateKey }
  const imported = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
  return Reflect.construct(Participant, [self, id, key, imported])
}

/** Two guests seal, open and compare codes, each with a private key of its own. */
async function checkPair (equal: Equal): Promise<void> {
  const [host, guest] = await Promise.all([guestWith(pair.host), guestWith(pair.guest)])
  const keys = { host: await host.keyWith(guest), guest: await guest.keyWith(host) }
  const { guestNonce, hostNonce } = pair
  const sessions = async () => {
    const session = (role: Role) => Session.create(keys[role], { role, guestDrop: pair.guest.id, guestNonce, hostNonce })
    return { host: await session('host'), guest: await session('guest') }
  }
  const [sealing, opening] = [await sessions(), await sessions()]
  for (const { self, id } of [pair.host, pair.guest]) equal(await idOf(self), id, self)
  for (const { value, message } of pair.messages) {
    const from = message.from as Role
    const hello = message.n === 0
    equal(hello ? await sealHello(keys.guest, guestNonce, value) : await sealing[from].seal(value), message, `sealed by the ${from}`)
    const arrived = parseSealed(message)
    equal(hello ? await openHello(keys.host, arrived) : await opening[from === 'host' ? 'guest' : 'host'].open(arrived), value, `opened, from the ${from}`)
  }
  const { opening: number, random, hostFingerprint, guestFingerprint, digits } = pair.code
  const [hello, offer, answer] = pair.messages.map(({ value }) => value as any)
  equal([fingerprintOf(offer[0].description.sdp), fingerprintOf(answer[0].description.sdp)], [hostFingerprint, guestFingerprint], 'fingerprints')
  equal((await commit(guestFingerprint, number)).commitment, hello.hello.commitment, 'commitment')
  for (const session of Object.values(await sessions())) equal(await shortCode(session, { host: hostFingerprint, random, guest: guestFingerprint, opening: number }), digits, 'code')
  for (const { why, key, code } of pair.refusedKeys) equal(await codeOf(() => guest.keyWith({ id: pair.host.id, key })), code, why)
}

function checkPieces (equal: Equal): void {
  for (const { why, over, texts, whole } of pieces.joined) {
    const assembler = new PieceAssembler(524_288 + (over === 'boxes' ? 2 : 0))
    const found = texts.map(text => JSON.parse(textOf(text))).filter(({ piece }) => piece !== undefined).map(piece => assembler.add(piece)).findLast(value => value !== undefined)
    equal(found, JSON.parse(textOf(whole)), why)
  }
  for (const { why, text } of pieces.sent.filter(({ whole }) => !whole)) {
    const assembler = new PieceAssembler(32_769)
    equal(splitIntoPieces(textOf(text)).map(piece => assembler.add({ ...piece })).at(-1), JSON.parse(textOf(text)), why)
  }
}

async function checkBlocks (equal: Equal): Promise<void> {
  for (const { text, times, size, hashes } of page.blocks) {
    const bytes = new TextEncoder().encode(text.repeat(times))
    const found: string[] = []
    let [hash, start] = [NO_HASH as Uint8Array, 0]
    for (const block of hashes.keys()) {
      const end = start + lengthOf(block, size)
      hash = await nextHash(hash, bytes.subarray(start, end))
      found.push(toHex(hash))
      start = end
    }
    equal(found, hashes, `${size} bytes`)
  }
}
