/**
 * Rooms: everyone with the secret reads every message.
 *
 * @module signalbox-client/room
 */

export { Room, type RoomOptions } from './room.js'
