import { checkCommitment, checkRandom, fingerprintOf, shortCode } from './short-code.js'
import { CallError } from './errors.js'
import type { Session } from './sealing.js'

/** What this side contributes to the short code, and what it knows of the other side's contribution; see short-code.ts. */
export type Contribution =
  { readonly role: 'guest', readonly opening: string } |
  { readonly role: 'host', readonly commitment: unknown, readonly random: string }

/** A session description whose certificate fingerprints are in canonical form. */
export interface Description {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
  readonly fingerprint: string
}

/** What stays fixed for the rest of a call. */
export interface Agreement {
  /** the digits that people compare */
  readonly code: string
  /** the fingerprints of the other side's certificates */
  readonly fingerprint: string
}

/**
 * The most lines of a description, in all and of some kinds. A media section can cost an implementation a
 * transport of its own. Others take libwebrtc, which works on the thread of the page, quadratic time: 6,000
 * format parameters block it for a minute. A browser's description has about 30 of them per section.
 */
const MAX_LINES: Record<string, number> = { '': 10_000, 'm=': 64, 'a=fmtp': 512, 'a=ssrc': 2_048 }

/** Accepts offers and answers only. The other types (`pranswer`, `rollback`) are for a side's own use. */
export function parseDescription (value: unknown): Description {
  const { type, sdp } = Object(value) as Record<string, unknown>
  if ((type !== 'offer' && type !== 'answer') || typeof sdp !== 'string') throw new CallError('CALL_ERR_FORMAT')
  const lines = sdp.split(/[\r\n]+/).map(line => line.trimStart())
  for (const [start, most] of Object.entries(MAX_LINES)) {
    if (lines.filter(line => line.startsWith(start)).length > most) throw new CallError('CALL_ERR_DESCRIPTION')
  }
  return { type, sdp, fingerprint: fingerprintOf(sdp) }
}

/**
 * Computed once per call, from the first description of each side and the number that came with the other
 * side's. Only the host uses an opening, and only if it matches the commitment in the guest's hello; only the
 * guest uses the host's random number.
 */
export async function agree (contribution: Contribution, session: Session, ownSdp: string, theirs: Description, number: unknown): Promise<Agreement> {
  const own = fingerprintOf(ownSdp)
  const parts = contribution.role === 'host'
    ? { host: own, random: contribution.random, guest: theirs.fingerprint, opening: await checkCommitment(contribution.commitment, number, theirs.fingerprint) }
    : { host: theirs.fingerprint, random: checkRandom(number), guest: own, opening: contribution.opening }
  const code = await shortCode(session, parts)
  return Object.freeze({ code, fingerprint: theirs.fingerprint })
}
