import { checkCommitment, fingerprintOf, shortCode } from './code.js'
import { CallError } from './errors.js'
import type { Session } from './sealing.js'

/** What this side knows of the number that the guest committed to; see code.ts. */
export type Proof = { readonly role: 'guest', readonly opening: string } | { readonly role: 'host', readonly commitment: unknown }

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
 * Computed once in a call, from the first description of each side. Only the host heeds an opening
 * that came with it, and only where it fits the guest's hello.
 */
export async function agree (proof: Proof, session: Session, ownSdp: string, theirs: Description, opening: unknown, digits: number): Promise<Agreement> {
  const own = fingerprintOf(ownSdp)
  const code = proof.role === 'host'
    ? await shortCode(session, own, theirs.fingerprint, await checkCommitment(proof.commitment, opening, theirs.fingerprint), digits)
    : await shortCode(session, theirs.fingerprint, own, proof.opening, digits)
  return Object.freeze({ code, fingerprint: theirs.fingerprint })
}
