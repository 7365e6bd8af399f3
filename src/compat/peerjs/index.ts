/**
 * An endpoint for clients of PeerJS, over the same boxes.
 *
 * @module fastify-signalbox/peerjs
 */
export { peerjsPlugin, peerjsPlugin as default } from './plugin.js'
export type { PeerjsPluginOptions } from './options.js'
