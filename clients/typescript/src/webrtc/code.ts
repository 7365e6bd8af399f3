import { fromBase64url, toBase64url, utf8 } from './bytes.js'
import { CallError } from './errors.js'
import { createNonce, type Session } from './sealing.js'

/**
 * The short code that two people compare, against somebody who has the invite too and sits in the
 * middle. It depends on the session's keys and on the certificates (DTLS fingerprints) that both ends
 * really use. Six digits can be searched through, so neither side may choose after it has seen the
 * other's part: the guest's hello commits to its fingerprint and a random number, then the host
 * offers, with a random number of its own, and only then the guest opens its commitment. What is left
 * is one guess in a million.
 */
export interface Commitment {
  /** Goes into the hello: SHA-256 over the random number and the fingerprint, in base64url. */
  commitment: string
  /** Goes with the guest's first description: the random number, 16 bytes in base64url. */
  opening: string
}

export async function commit (guestFingerprint: string, opening = createNonce()): Promise<Commitment> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(['signalbox v1', 'commitment', opening, guestFingerprint].join('\n')))
  return { commitment: toBase64url(new Uint8Array(digest)), opening }
}

/** Returns the opening that was checked: the only one to go on with. Throws `CALL_ERR_FINGERPRINT`. */
export async function checkCommitment (commitment: unknown, opening: unknown, guestFingerprint: string): Promise<string> {
  if (typeof opening !== 'string' || fromBase64url(opening)?.length !== 16 ||
    (await commit(guestFingerprint, opening)).commitment !== commitment
  ) throw new CallError('CALL_ERR_FINGERPRINT')
  return opening
}

/** The host's random number in its one form. Throws `CALL_ERR_FORMAT`. */
export function checkRandom (random: unknown): string {
  if (typeof random !== 'string' || fromBase64url(random)?.length !== 16) throw new CallError('CALL_ERR_FORMAT')
  return random
}

/** What the code depends on, besides the session. */
export interface CodeParts {
  /** the host's certificate, as `fingerprintOf` gives it */
  host: string
  /** Comes with the host's offer, so that nobody knows the code who has not let the host offer. */
  random: string
  guest: string
  opening: string
}

/** The same digits on both sides. */
export async function shortCode (session: Session, { host, random, guest, opening }: CodeParts, digits = 6): Promise<string> {
  const bytes = await session.derive(['code', opening, random, host, guest], 8)
  return String(new DataView(bytes.buffer).getBigUint64(0) % 10n ** BigInt(digits)).padStart(digits, '0')
}

/** A fingerprint line as RFC 8122 spells it and every browser writes it, with a hash that is not broken. */
const fingerprintLine = /^a=fingerprint:((?:sha-256 (?:[\dA-F]{2}:){31}|sha-384 (?:[\dA-F]{2}:){47}|sha-512 (?:[\dA-F]{2}:){63})[\dA-F]{2})$/

/**
 * The fingerprints of a session description, such as `sha-256 1F:02:…`: all that it names, sorted
 * and joined by commas, since a description repeats them in each of its sections.
 *
 * Browsers also connect by lines that are spelled otherwise, each by others. So one line that says
 * `fingerprint` in any other way, or beside an unusual line end, makes the description unacceptable:
 * it could be the line that counts.
 */
export function fingerprintOf (sdp: string): string {
  const fingerprints = new Set<string>()
  for (const line of sdp.split(/\r?\n/)) {
    if (!/fingerprint/i.test(line)) continue
    const fingerprint = fingerprintLine.exec(line)?.[1]
    if (fingerprint === undefined) throw new CallError('CALL_ERR_FINGERPRINT')
    fingerprints.add(fingerprint)
  }
  if (fingerprints.size === 0) throw new CallError('CALL_ERR_FINGERPRINT')
  return [...fingerprints].sort().join(',')
}
