import { createStrategy, selfId, toJson, type BaseRelayConfig, type BaseRoomConfig, type JoinRoom, type StrategyContext } from '@trystero-p2p/core'
import { baseUrl } from '../address.js'
import type { RequestHeaders } from '../http.js'
import { secretBytes } from '../room/secret.js'
import { Signaling } from './signaling.js'

/** Which servers to use, and how. */
export interface SignalboxRelayConfig extends BaseRelayConfig {
  /** the base URLs of the servers; a peer meets those that use one of the same servers */
  urls: string[]
  /** sent with every request, such as `Authorization` */
  headers?: RequestHeaders
}

/** Trystero's `config`, with the servers to use. */
export interface SignalboxRoomConfig extends BaseRoomConfig {
  relayConfig: SignalboxRelayConfig
}

/** How often a peer announces itself after the first seconds, in ms: more often than announcements are dropped. */
const ANNOUNCE_INTERVAL = 20_000

/** One server with what belongs to it, and the rooms that this page is in. */
interface Relay extends Pick<SignalboxRelayConfig, 'headers' | 'warnOnRelayFailure'> {
  server: string
  rooms: Map<string, Signaling>
}

const strategy: JoinRoom<SignalboxRoomConfig> = createStrategy<Relay, SignalboxRoomConfig>({
  init: ({ relayConfig }) => relayConfig.urls.map(url => ({ ...relayConfig, server: baseUrl(url), rooms: new Map() })),

  subscribe ({ server, headers, warnOnRelayFailure, rooms }, rootTopic, selfTopic, onMessage, _getOffers, context) {
    const { config, appId, roomId } = context as StrategyContext<SignalboxRoomConfig>
    const signaling = new Signaling(server, { secret: secretOf(config)!, name: toJson(['trystero', appId, roomId]), headers })
    rooms.set(rootTopic, signaling)
    // Whoever was to get it is found again by the next announcement.
    const signalPeer = (topic: string, signal: string): void => { signaling.post(topic, signal).catch(() => {}) }
    signaling.read((topic, text) => {
      if (topic === rootTopic || topic === selfTopic) void onMessage(topic, text, signalPeer)
    }).catch(error => {
      if (warnOnRelayFailure !== false) console.warn(`signalbox: reading the room failed - ${error.message}`)
    })
    return () => {
      if (rooms.get(rootTopic) === signaling) rooms.delete(rootTopic)
      signaling.close()
    }
  },

  announce: ({ rooms }, rootTopic, _selfTopic, extraPayload) => announce(rooms, rootTopic, extraPayload)
})

/** @throws Error if there is no room for the topic: Trystero reports it, and tries again soon */
export async function announce (rooms: Map<string, Pick<Signaling, 'post'>>, rootTopic: string, extraPayload?: object): Promise<{ nextAnnounceMs: number, reannounceOnDisconnect: true }> {
  const room = rooms.get(rootTopic)
  if (room === undefined) throw new Error('the room is not open')
  await room.post(rootTopic, toJson({ peerId: selfId, ...extraPayload }))
  return { nextAnnounceMs: ANNOUNCE_INTERVAL, reannounceOnDisconnect: true }
}

/**
 * Trystero's `joinRoom`, with signaling over a sealed room on your own servers. `appId` or `password` must be the result
 * of `createSecret`, since whoever knows both can join every room whose id they know.
 * @throws TypeError if both could be guessed, or a URL is not an http or https URL
 */
export const joinRoom: JoinRoom<SignalboxRoomConfig> = (config, roomId, callbacks) => {
  const urls = config?.relayConfig?.urls
  if (!Array.isArray(urls) || urls.length === 0) throw new TypeError("joinRoom needs 'relayConfig.urls', the base URLs of your signalbox servers")
  urls.forEach(baseUrl)
  if (secretOf(config) === undefined) throw new TypeError("joinRoom needs a secret that nobody can guess: set 'appId' or 'password' to the result of createSecret()")
  return strategy(config, roomId, callbacks)
}

function secretOf ({ password, appId }: SignalboxRoomConfig): string | undefined {
  return [password, appId].find(text => {
    try {
      return text !== undefined && secretBytes(text) !== undefined
    } catch {
      return false
    }
  })
}
