/**
 * Sealed WebRTC calls.
 *
 * @module signalbox-client/webrtc
 */

// Calls: connected peers.
export { host, type Call, type HostedCall, type HostOptions } from './host.js'
export { join, type JoinOptions } from './join.js'
export { checkInvite, type CheckInviteOptions } from './check-invite.js'
export type { Peer } from './peer.js'
export type { ConnectionOptions, PeerConnectionClass } from './peer-connection.js'

// Channels: sealed signaling for any WebRTC library.
export { listen, type Listener, type ListenOptions, type Resume } from './listen.js'
export { connect, type ConnectOptions } from './connect.js'
export type { Channel } from './channel.js'
export { signalThrough, type SignalingPeer } from './simple-peer.js'

// Errors.
export { CallError, type CallErrorCode } from './errors.js'
