import { toBase64url, utf8 } from './bytes.js'
import { CallError } from './errors.js'
import { createNonce, type Session } from './sealing.js'

/**
 * The short code that two people compare, against somebody who has the invite too and sits in the
 * middle. It depends on the session's keys and on the certificates (DTLS fingerprints) that both ends
 * really use. Six digits can be searched through, so neither side may choose after it has seen the
 * other's part: the guest's hello commits to its fingerprint and a random number, then the host
 * speaks, and only then the guest opens its commitment. What is left is one guess in a million.
 */
export interface Commitment {
  /** Goes into the hello: SHA-256 over the random number and the fingerprint, in base64url. */
  commitment: string
  /** Goes into the guest's first message: the random number, 16 bytes in base64url. */
  opening: string
}

export async function commit (guestFingerprint: string, opening = createNonce()): Promise<Commitment> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(['signalbox v1', 'commitment', opening, guestFingerprint].join('\n')))
  return { commitment: toBase64url(new Uint8Array(digest)), opening }
}

/** What the host checks when the guest's description has come: throws `CALL_ERR_FINGERPRINT`. */
export async function checkCommitment (commitment: unknown, opening: unknown, guestFingerprint: string): Promise<string> {
  if (typeof opening !== 'string' || (await commit(guestFingerprint, opening)).commitment !== commitment) {
    throw new CallError('CALL_ERR_FINGERPRINT')
  }
  return opening
}

/** Six digits, the same on both sides. */
export async function shortCode (session: Session, hostFingerprint: string, guestFingerprint: string, opening: string): Promise<string> {
  const bytes = await session.derive(['code', opening, hostFingerprint, guestFingerprint], 8)
  return String(new DataView(bytes.buffer).getBigUint64(0) % 1_000_000n).padStart(6, '0')
}

/**
 * The fingerprints of a session description (RFC 8122), such as `sha-256 1F:02:…`: all that it
 * names, sorted and joined by commas, since a description repeats them in each of its sections.
 */
export function fingerprintOf (sdp: string): string {
  const fingerprints = new Set<string>()
  for (const [, hash, hex] of sdp.matchAll(/^a=fingerprint:\s*(\S+)\s+([\da-f:]+)\s*$/gim)) {
    fingerprints.add(`${hash?.toLowerCase()} ${hex?.toUpperCase()}`)
  }
  if (fingerprints.size === 0) throw new CallError('CALL_ERR_FINGERPRINT')
  return [...fingerprints].sort().join(',')
}
