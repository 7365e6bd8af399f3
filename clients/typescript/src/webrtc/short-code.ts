/*
 * The short code that two people compare: a short authentication string, as in ZRTP (RFC 6189, section 4.3).
 * It protects against someone in the middle who also has the invite. The code depends on the session's keys
 * and on the certificates (DTLS fingerprints) that both ends really use. Six digits can be searched by brute
 * force, so neither side may choose anything after it has seen the other's contribution: the guest's hello
 * commits to its fingerprint and a random number; then the host sends its offer with a random number of its
 * own; only then does the guest open its commitment. That leaves an attacker one guess in a million.
 */

import { fromBase64url, toBase64url, utf8 } from '../bytes.js'
import { CallError } from './errors.js'
import { createNonce, type Session } from './sealing.js'

/** The length of the code. */
const DIGITS = 6

/** How the guest commits to its part of the code before it knows the host's. */
export interface Commitment {
  /** Sent in the hello: SHA-256 over the random number and the fingerprint, in base64url. */
  commitment: string
  /** Sent with the guest's first description: the random number, 16 bytes in base64url. */
  opening: string
}

export async function commit (guestFingerprint: string, opening = createNonce()): Promise<Commitment> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(['signalbox v1', 'commitment', opening, guestFingerprint].join('\n')))
  return { commitment: toBase64url(new Uint8Array(digest)), opening }
}

/**
 * Returns the opening that was checked, the only one to continue with.
 * @throws CallError `CALL_ERR_FINGERPRINT` if the opening does not match the commitment
 */
export async function checkCommitment (commitment: unknown, opening: unknown, guestFingerprint: string): Promise<string> {
  if (typeof opening !== 'string' || fromBase64url(opening)?.length !== 16 ||
    (await commit(guestFingerprint, opening)).commitment !== commitment
  ) throw new CallError('CALL_ERR_FINGERPRINT')
  return opening
}

/**
 * The host's random number, if it is in canonical form.
 * @throws CallError `CALL_ERR_FORMAT` if it is not
 */
export function checkRandom (random: unknown): string {
  if (typeof random !== 'string' || fromBase64url(random)?.length !== 16) throw new CallError('CALL_ERR_FORMAT')
  return random
}

/** What the code depends on besides the session. */
export interface CodeParts {
  /** the host's fingerprints, as returned by `fingerprintOf` */
  host: string
  /** Sent with the host's offer, so that nobody can know the code before the host has made its offer. */
  random: string
  guest: string
  opening: string
}

/** Computes the short code; both sides get the same digits. */
export async function shortCode (session: Session, { host, random, guest, opening }: CodeParts, digits = DIGITS): Promise<string> {
  const bytes = await session.derive(['code', opening, random, host, guest], 8)
  return String(new DataView(bytes.buffer).getBigUint64(0) % 10n ** BigInt(digits)).padStart(digits, '0')
}

/** A fingerprint line as RFC 8122 specifies it and every browser writes it, with a secure hash. */
const fingerprintLine = /^a=fingerprint:((?:sha-256 (?:[\dA-F]{2}:){31}|sha-384 (?:[\dA-F]{2}:){47}|sha-512 (?:[\dA-F]{2}:){63})[\dA-F]{2})$/

/**
 * The fingerprints of a session description, such as `sha-256 1F:02:…`: all distinct ones, sorted and joined
 * by commas, since a description repeats them in every section.
 *
 * Browsers also accept variants of these lines, each browser different ones. So a line that contains
 * `fingerprint` in any other form, or next to an unusual line ending, makes the description unacceptable: it
 * could be the line that the browser uses.
 * @throws CallError `CALL_ERR_FINGERPRINT`
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
