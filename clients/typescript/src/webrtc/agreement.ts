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

/** The most lines of a description, and the most lines of some kinds in it. A media section can cost a transport of its own. */
const MAX_LINES = 16_384
const MAX_SECTIONS = 64
const MAX_SSRCS = 2_048

/**
 * The most lines of a section with format parameters, and with RTCP feedback. libwebrtc takes quadratic time for the
 * former and cubic time for the latter, on the thread of the page: 6,000 and 4,000 block it for most of a minute.
 * Browsers write up to 40 and 50.
 */
const MAX_PARAMETERS = 128
/** The most formats of a section, each of them once: an implementation may copy what belongs to a format for each of them. */
const MAX_FORMATS = 128
const MAX_FEEDBACK = 128

/** The most characters of the lines of a section with format parameters: many in each line take as long as many lines. */
const MAX_PARAMETER_LENGTH = 16_384

/**
 * The smallest `a=max-message-size` (RFC 8841) that is accepted: room for the longest message on the control channel. An
 * implementation that announced less could not take part; one byte would cost a message for each byte of a file.
 */
const MIN_MESSAGE_SIZE = 49_152

/** Accepts offers and answers only. The other types (`pranswer`, `rollback`) are for a side's own use. */
export function parseDescription (value: unknown): Description {
  const { type, sdp } = Object(value) as Record<string, unknown>
  if ((type !== 'offer' && type !== 'answer') || typeof sdp !== 'string') throw new CallError('CALL_ERR_FORMAT')
  if (!isBounded(sdp.split(/[\r\n]+/).map(line => line.trimStart()))) throw new CallError('CALL_ERR_DESCRIPTION')
  return { type, sdp, fingerprint: fingerprintOf(sdp) }
}

/** Without leading zeros, which change nothing for a parser of numbers. */
const numberOf = (format: string): string => format.replace(/^0+(?=.)/, '')

function isBounded (lines: string[]): boolean {
  let [sections, ssrcs, parameters, parameterLength, feedback, formats] = [0, 0, 0, 0, 0, 1]
  const mapped = new Set<string>()
  for (const line of lines) {
    if (line.startsWith('m=')) {
      sections++
      parameters = parameterLength = feedback = 0
      mapped.clear()
      const listed = line.split(/\s+/).slice(3).map(numberOf)
      formats = Math.max(1, listed.length)
      if (formats > MAX_FORMATS || new Set(listed).size < listed.length) return false
    } else if (line.startsWith('a=rtpmap:')) {
      const format = numberOf(line.slice(9).trim().split(/\s/, 1)[0]!)
      if (mapped.has(format)) return false
      mapped.add(format)
    } else if (line.startsWith('a=fmtp')) {
      parameterLength += line.length
      if (++parameters > MAX_PARAMETERS || parameterLength > MAX_PARAMETER_LENGTH) return false
    } else if (line.startsWith('a=rtcp-fb')) {
      // A line for all formats becomes one for each of them.
      feedback += line.includes('*') ? formats : 1
      if (feedback > MAX_FEEDBACK) return false
    } else if (line.startsWith('a=ssrc')) {
      ssrcs++
    } else if (/max-message-size/i.test(line)) {
      const size = /^a=max-message-size:(\d+)$/.exec(line.trimEnd())?.[1]
      // 0 means any size.
      if (size === undefined || (Number(size) > 0 && Number(size) < MIN_MESSAGE_SIZE)) return false
    }
  }
  return lines.length <= MAX_LINES && sections <= MAX_SECTIONS && ssrcs <= MAX_SSRCS
}

/**
 * Computed once per call, from the first description of each side and the number that came with the other
 * side's. Only the host uses an opening, and only if it matches the commitment in the guest's hello; only the
 * guest uses the host's random number.
 * @param digits how long the code is
 */
export async function agree (contribution: Contribution, session: Session, ownSdp: string, theirs: Description, number: unknown, digits?: number): Promise<Agreement> {
  const own = fingerprintOf(ownSdp)
  const parts = contribution.role === 'host'
    ? { host: own, random: contribution.random, guest: theirs.fingerprint, opening: await checkCommitment(contribution.commitment, number, theirs.fingerprint) }
    : { host: theirs.fingerprint, random: checkRandom(number), guest: own, opening: contribution.opening }
  const code = await shortCode(session, parts, digits)
  return Object.freeze({ code, fingerprint: theirs.fingerprint })
}
