import type { Address } from '../address.js'
import type { ClientOptions } from '../index.js'
import { asCallError } from './channel.js'
import { hasTurn, iceServersOf } from './ice.js'
import type { Endpoint } from './peer.js'

/** A class with the shape of the standard's RTCPeerConnection. The types of other implementations differ from a browser's in details that do not matter here. */
export type PeerConnectionClass = new (configuration: any) => Record<'createDataChannel' | 'createOffer' | 'setLocalDescription' | 'setRemoteDescription' | 'addIceCandidate', (...args: any[]) => unknown>

/** What `host` and `join` have in common. */
export interface ConnectionOptions extends ClientOptions {
  /**
   * Called with each new connection before anything is negotiated: add tracks here, and listen for
   * theirs (`track`). The data channel is the one that the peer will have.
   */
  prepare?: (connection: RTCPeerConnection, channel: RTCDataChannel) => void | Promise<void>
  /** Where to find STUN and TURN. By default what the server offers. */
  iceServers?: RTCIceServer[]
  /** Anything else for the RTCPeerConnection. */
  configuration?: RTCConfiguration
  /** In place of the global one: in Node, for example werift's. */
  RTCPeerConnection?: PeerConnectionClass
  /** How long to wait until the other side answers, in ms. 30,000 by default; Infinity waits as long as it takes. */
  timeout?: number
  /** False where nobody compares codes, as in an app that only passes data on: then attempts to join are not counted. */
  compare?: boolean
  /** Ends everything. */
  signal?: AbortSignal
}

/** @throws TypeError where there is none */
export function peerConnectionOf ({ RTCPeerConnection = globalThis.RTCPeerConnection }: ConnectionOptions) {
  if (RTCPeerConnection === undefined) throw new TypeError('There is no RTCPeerConnection here: give one in the options')
  return RTCPeerConnection as unknown as new (configuration: RTCConfiguration) => RTCPeerConnection
}

/**
 * Makes connections, each ready to be negotiated.
 * @param box the host's, by which the ICE servers are asked for
 */
export function endpoints (box: Address, options: ConnectionOptions): () => Promise<Endpoint> {
  const { iceServers, configuration, prepare, signal } = options
  const RTCPeerConnection = peerConnectionOf(options)
  const offered = iceServers === undefined ? iceServersOf(box, options, signal) : async () => iceServers
  // Asked for ahead, so that nobody waits for it later.
  offered().catch(() => {})
  // What the caller gave is the caller's error.
  const construct = (configuration: RTCConfiguration) => {
    try {
      return new RTCPeerConnection(configuration)
    } catch (error) {
      throw iceServers === undefined ? asCallError(error) : error
    }
  }
  return async () => {
    const iceServers = await offered()
    const connection = construct({ ...configuration, iceServers: iceServers.flatMap(oneUrlEach) })
    try {
      // Negotiated by its number: both sides have it from the start, and it opens with the connection.
      const dataChannel = connection.createDataChannel('signalbox', { negotiated: true, id: 0 })
      await prepare?.(connection, dataChannel)
      return { connection, dataChannel, turn: hasTurn(iceServers) }
    } catch (error) {
      connection.close()
      throw error
    }
  }
}

/** Not every implementation takes several URLs in one entry. */
function oneUrlEach (server: RTCIceServer): RTCIceServer[] {
  return [server.urls].flat().map(urls => ({ ...server, urls }))
}
