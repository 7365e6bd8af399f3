/**
 * One stream for many boxes: shared by the boxes of a page, and by the tabs of an origin.
 *
 * @module signalbox-client/shared
 */

export { shareStreams, type SharingOptions } from './share-streams.js'
export type { Connection } from '../follow.js'
