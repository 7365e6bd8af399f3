import { checkCommitment, checkRandom, fingerprintOf, shortCode } from './code.js'
import { CallError } from './errors.js'
import type { Session } from './sealing.js'

/** What this side brings to the short code, and what it knows of the other's part; see code.ts. */
export type Proof =
  { readonly role: 'guest', readonly opening: string } |
  { readonly role: 'host', readonly commitment: unknown, readonly random: string }

/** A session description that names its certificates in the one acceptable way. */
export interface Description {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
  readonly fingerprint: string
}

/** What holds for the rest of a call. */
export interface Agreement {
  /** what the people compare */
  readonly code: string
  /** the other side's certificates */
  readonly fingerprint: string
}

/** Takes offers and answers only: what else WebRTC knows (`pranswer`, `rollback`) is for a side's own use. */
export function parseDescription (value: unknown): Description {
  const { type, sdp } = Object(value) as Record<string, unknown>
  if ((type !== 'offer' && type !== 'answer') || typeof sdp !== 'string') throw new CallError('CALL_ERR_FORMAT')
  return { type, sdp, fingerprint: fingerprintOf(sdp) }
}

/**
 * Computed once in a call, from the first description of each side and the number that came with the
 * other's. Only the host heeds an opening, and only where it fits the guest's hello; only the guest
 * heeds a random number of the host's.
 */
export async function agree (proof: Proof, session: Session, ownSdp: string, theirs: Description, number: unknown, digits: number): Promise<Agreement> {
  const own = fingerprintOf(ownSdp)
  const parts = proof.role === 'host'
    ? { host: own, random: proof.random, guest: theirs.fingerprint, opening: await checkCommitment(proof.commitment, number, theirs.fingerprint) }
    : { host: theirs.fingerprint, random: checkRandom(number), guest: own, opening: proof.opening }
  const code = await shortCode(session, parts, digits)
  return Object.freeze({ code, fingerprint: theirs.fingerprint })
}
