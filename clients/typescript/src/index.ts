/**
 * The client for signalbox servers, for browsers and Node.
 *
 * @module signalbox-client
 */

export { Box, type BoxOptions, type CallOptions } from './box.js'
export { BoxError, createBoxClient, ResponseTooLargeError, type BoxClient, type ClientOptions, type RequestHeaders } from './http.js'
export type { Connection, Message, Page, Query } from './follow.js'
export type { BoxErrorCode, components, operations, paths } from './contract.js'
