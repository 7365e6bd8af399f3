import type { Address } from '../address.js'
import type { ClientOptions } from '../index.js'
import { builtInClass } from './certificate.js'
import { asCallError } from './errors.js'
import { ControlChannel } from './control-channel.js'
import { EarlyMessages } from './early-messages.js'
import { hasTurn, iceServersOf } from './ice-servers.js'
import type { PreparedConnection } from './peer.js'

/**
 * A class with the shape of the standard RTCPeerConnection (W3C WebRTC 1.0). The types of other
 * implementations differ from the browser's in details that do not matter here.
 */
export type PeerConnectionClass = new (configuration: any) => Record<'createDataChannel' | 'createOffer' | 'setLocalDescription' | 'setRemoteDescription' | 'addIceCandidate', (...args: any[]) => unknown>

/** Options that `host` and `join` share. */
export interface ConnectionOptions extends ClientOptions {
  /**
   * Called with each new connection and its data channel, before negotiation: add your tracks here, and listen for the
   * other side's (`track`). Listen for messages on `peer.channel`; see `keepMessages`.
   */
  prepare?: (connection: RTCPeerConnection, channel: RTCDataChannel) => void | Promise<void>
  /**
   * Whether messages that arrive before `peer.channel` is first read are kept until then. Set to false if `prepare`
   * listens for messages on the data channel. Default: true.
   */
  keepMessages?: boolean
  /** The STUN and TURN servers to use. Default: those that the signalbox server offers. */
  iceServers?: RTCIceServer[]
  /** Further configuration for the RTCPeerConnection. */
  configuration?: RTCConfiguration
  /** Replaces the global RTCPeerConnection; in Node, that of @roamhq/wrtc. It must expose the other side's certificate, unless `compare` is false. */
  RTCPeerConnection?: PeerConnectionClass
  /** How long to wait for the other side to answer, in ms. Default: 30,000. Infinity, or more than 24 days, waits indefinitely. */
  timeout?: number
  /**
   * Set to false if nobody compares codes, as in an app that only transfers data: failed attempts to join are
   * then not counted.
   */
  compare?: boolean
  /**
   * Connects everyone in the call to everyone else, up to six people: the host introduces all guests that also set
   * this to one another. Without it, a guest is connected only to the host. Default: false.
   */
  mesh?: boolean
  /** Aborts everything. */
  signal?: AbortSignal
}

/** @throws TypeError if there is none */
export function peerConnectionClass ({ RTCPeerConnection = globalThis.RTCPeerConnection }: ConnectionOptions) {
  if (RTCPeerConnection === undefined) throw new TypeError('There is no global RTCPeerConnection: pass one in the options')
  return RTCPeerConnection as unknown as new (configuration: RTCConfiguration) => RTCPeerConnection
}

/** Creates the connections of one side of a call. */
export interface ConnectionFactory {
  /** Creates a connection that can be negotiated once `turn` has resolved. */
  create: () => Promise<PreparedConnection>
  /** Does what can be done before `create` is called. */
  ahead: () => void
}

/** @param box the host's box, whose capability gives access to the ICE servers */
export function connectionFactory (box: Address, options: ConnectionOptions): ConnectionFactory {
  const { iceServers, configuration, prepare, keepMessages = true } = options
  const RTCPeerConnection = peerConnectionClass(options)
  const offered = iceServers === undefined ? iceServersOf(box, options) : async () => iceServers
  // In a browser, a connection need not wait for its servers until it is negotiated. Other implementations cannot be
  // relied on to take them later.
  const late = iceServers === undefined && RTCPeerConnection === builtInClass() && 'setConfiguration' in RTCPeerConnection.prototype
  // If the caller supplied the servers, the error is the caller's too.
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw iceServers === undefined ? asCallError(error) : error
    }
  }
  const create = async () => {
    const asking = offered().then(iceServers => {
      options.signal?.throwIfAborted()
      return iceServers
    })
    // Nobody waits for it if there is no connection.
    asking.catch(() => {})
    const given = late ? [] : await asking
    const connection = attempt(() => new RTCPeerConnection({ ...configuration, iceServers: given.flatMap(oneUrlEach) }))
    const turn = asking.then(iceServers => {
      if (late && iceServers.length > 0) attempt(() => { configure(connection, iceServers) })
      return hasTurn(iceServers)
    })
    // Whoever waits for it is told.
    turn.catch(() => {})
    try {
      // Negotiated out of band by its id: both sides have it from the start, and it opens with the
      // connection.
      const dataChannel = connection.createDataChannel('signalbox', { negotiated: true, id: 0 })
      const control = new ControlChannel(connection)
      const early = keepMessages ? new EarlyMessages(dataChannel) : undefined
      await prepare?.(connection, dataChannel)
      return { connection, dataChannel, control, early, turn }
    } catch (error) {
      connection.close()
      throw error
    }
  }
  return { create, ahead () { offered().catch(() => {}) } }
}

function configure (connection: RTCPeerConnection, iceServers: RTCIceServer[]): void {
  const configuration = connection.getConfiguration()
  // The application may have added some of its own in `prepare`.
  connection.setConfiguration({ ...configuration, iceServers: [...configuration.iceServers ?? [], ...iceServers.flatMap(oneUrlEach)] })
}

/** Not every implementation accepts several URLs in one entry. */
function oneUrlEach (server: RTCIceServer): RTCIceServer[] {
  return [server.urls].flat().map(urls => ({ ...server, urls }))
}
