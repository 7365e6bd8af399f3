/** The maximum length of a candidate. Browsers' candidates have about 200 characters. */
const MAX_TEXT = 4_096

/** The maximum length of the name of a section or an ICE session (RFC 8839, section 5.4). */
const MAX_NAME = 256

/** How many different candidates count between two ICE restarts: each costs this side a flood of connectivity checks. */
const MAX_CANDIDATES = 100

/** Accepts only a flat object: unknown members are left out, and anything of another form is not a candidate. */
export function parseCandidate (value: unknown): RTCIceCandidateInit | undefined {
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = Object(value) as Record<keyof RTCIceCandidateInit, unknown>
  if (typeof candidate !== 'string' || candidate.length > MAX_TEXT || !isName(sdpMid) || !isName(usernameFragment)) return undefined
  if (sdpMLineIndex != null && typeof sdpMLineIndex !== 'number') return undefined
  return {
    candidate,
    ...(sdpMid != null && { sdpMid }),
    ...(sdpMLineIndex != null && { sdpMLineIndex }),
    ...(usernameFragment != null && { usernameFragment })
  }
}

function isName (value: unknown): value is string | null | undefined {
  return value == null || (typeof value === 'string' && value.length <= MAX_NAME)
}

/** The other side's candidates, inside its descriptions or on their own. Those beyond the limit are ignored, which leaves fewer paths to try. */
export class RemoteCandidates {
  readonly #admitted = new Set<string>()
  #sessions = new Set<string>()
  #mids: string[] = []

  admit ({ candidate = '', sdpMid, sdpMLineIndex }: RTCIceCandidateInit): boolean {
    return this.#admit(sdpMid ?? this.#mids[sdpMLineIndex ?? 0], candidate)
  }

  /** The description with as many candidates as are admitted. */
  limit (sdp: string): string {
    const lines = sdp.split(/(?<=\n)|(?<=\r)(?!\n)/)
    this.#mids = midsOf(lines)
    this.#restart(new Set(lines.filter(line => line.startsWith('a=ice-ufrag:')).map(line => line.trim())))
    let section = -1
    return lines.filter(line => {
      if (line.startsWith('m=')) section++
      return !/candidate:/i.test(line) || this.#admit(this.#mids[section], line.trim().replace(/^a=/, ''))
    }).join('')
  }

  /** One that is already known, as in a later description, costs nothing. */
  #admit (mid = '', text: string): boolean {
    const candidate = `${mid} ${text}`
    if (this.#admitted.has(candidate)) return true
    if (text.length > MAX_TEXT || this.#admitted.size >= MAX_CANDIDATES) return false
    this.#admitted.add(candidate)
    return true
  }

  /** At an ICE restart, the implementation forgets the candidates too. */
  #restart (sessions: Set<string>): void {
    if (sessions.size > 0 && ![...sessions].some(session => this.#sessions.has(session))) this.#admitted.clear()
    this.#sessions = sessions
  }
}

function midsOf (lines: string[]): string[] {
  const mids: string[] = []
  for (const line of lines) {
    if (line.startsWith('m=')) mids.push('')
    else if (line.startsWith('a=mid:') && mids.length > 0) mids[mids.length - 1] = line.slice(6).trim()
  }
  return mids
}
