import type { Address } from '../address.js'
import { createBoxClient, dataOf, type ClientOptions } from '../http.js'
import { Scope } from '../scope.js'
import { isIceServers } from '../shapes.js'

/** How long to use credentials that came without a lifetime, in ms. */
const DEFAULT_TTL = 300_000

/** The longest time to wait for them, in ms. */
const DEADLINE = 5_000

/** How many URLs are used at most: each costs a connection its own gathering, and thousands block it for seconds. */
const MAX_URLS = 32

interface RequestOptions extends ClientOptions { timeout?: number, signal?: AbortSignal }

/**
 * The ICE servers that a signalbox server offers to holders of a box id or drop address. TURN credentials
 * expire, and a host may wait for hours, so they are requested again after half their lifetime. If the server
 * offers none or does not respond, only direct paths remain.
 */
export function iceServersOf ({ server, id: box }: Address, { timeout = Infinity, signal, ...options }: RequestOptions): () => Promise<RTCIceServer[]> {
  const client = createBoxClient(server, options)
  // By the wall clock, since a monotonic clock may stop while a laptop sleeps.
  let asked = 0
  let until = 0
  let answer = Promise.resolve<RTCIceServer[]>([])
  return () => {
    const now = Date.now()
    if (now >= until || now < asked) {
      asked = now
      until = now + DEFAULT_TTL
      answer = ask()
    }
    return answer
  }

  async function ask (): Promise<RTCIceServer[]> {
    try {
      const { ttl, iceServers } = await Scope.run(undefined, signal, ({ signal }) =>
        dataOf(client.GET('/boxes/{box}/ice-servers', { params: { path: { box } }, signal }), isIceServers), Math.min(timeout, DEADLINE))
      if (typeof ttl === 'number') until = asked + ttl * 500
      return atMost(MAX_URLS, iceServers.filter(isIceServer))
    } catch {
      signal?.throwIfAborted()
      // Not remembered: a refusal, such as a rate limit, may be over when the next guest comes.
      until = 0
      return []
    }
  }
}

/** The first of them, with no more URLs than this in all. */
function atMost (urls: number, iceServers: RTCIceServer[]): RTCIceServer[] {
  let left = urls
  return iceServers.filter(({ urls }) => (left -= [urls].flat().length) >= 0)
}

/** Whether an RTCPeerConnection accepts the entry; it throws on a malformed one. */
function isIceServer (entry: unknown): entry is RTCIceServer {
  const { urls, username, credential } = Object(entry) as Record<string, unknown>
  const all = [urls].flat()
  return all.length > 0 && all.every(url => typeof url === 'string' && /^(?:stuns?|turns?):./.test(url)) &&
    [username, credential].every(text => text === undefined || typeof text === 'string')
}

export function hasTurn (iceServers: RTCIceServer[]): boolean {
  return iceServers.flatMap(({ urls }) => urls).some(url => /^turns?:/.test(url))
}
