/**
 * An endpoint for clients of y-webrtc, over the same boxes.
 *
 * @module fastify-signalbox/y-webrtc
 */
export { yWebrtcPlugin, yWebrtcPlugin as default } from './plugin.js'
export type { YWebrtcPluginOptions } from './options.js'
