/** How long credentials are used that came without an end, in ms. */
const DEFAULT_TTL = 300_000

/**
 * The ICE servers that a server offers to those who have the link of a box there, or its drop link. TURN
 * credentials end, and a host may wait for hours: they are asked for again when half of their time is
 * over. A server that offers none, or does not answer, leaves the direct paths.
 */
export function iceServersOf (box: string, fetchFn: typeof fetch = fetch, signal?: AbortSignal): () => Promise<RTCIceServer[]> {
  let until = 0
  let answer = Promise.resolve<RTCIceServer[]>([])
  return () => {
    if (performance.now() >= until) {
      until = performance.now() + DEFAULT_TTL
      answer = ask()
    }
    return answer
  }

  async function ask (): Promise<RTCIceServer[]> {
    try {
      const response = await fetchFn(`${box}/ice-servers`, { ...(signal && { signal }) })
      if (!response.ok) return []
      const { iceServers, ttl } = await response.json() as { iceServers?: unknown, ttl?: unknown }
      if (typeof ttl === 'number') until = performance.now() + ttl * 500
      return Array.isArray(iceServers) ? iceServers as RTCIceServer[] : []
    } catch {
      signal?.throwIfAborted()
      until = 0
      return []
    }
  }
}

export function hasTurn (iceServers: RTCIceServer[]): boolean {
  return iceServers.flatMap(({ urls }) => urls).some(url => /^turns?:/.test(url))
}
