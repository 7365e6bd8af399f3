/**
 * A strategy for Trystero: its rooms, with signaling over your own signalbox servers.
 *
 * @module signalbox-client/trystero
 */

export { joinRoom, type SignalboxRelayConfig, type SignalboxRoomConfig } from './join-room.js'
export { createSecret } from '../room/secret.js'
export { selfId } from '@trystero-p2p/core'
