import { capability } from './address.js'
import type { components } from './contract.js'

/*
 * Whether a response has what the client relies on. Something other than the box server may answer, and even the box
 * server may answer a different request: `fetch` follows a redirect with 301 or 302, but turns a POST into a GET.
 */

type Schemas = components['schemas']

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && value as number >= 0

export const isCreated = (box?: Schemas['Created']): boolean => box?.type === 'created' && capability.test(box.data) && capability.test(box.drop)
export const isCursorAck = (ack?: Schemas['CursorAck']): boolean => ack?.type === 'ack' && isCount(ack.data)
export const isAck = (ack?: Schemas['Ack']): boolean => isCursorAck(ack) && isCount(ack?.seq)
export const isMsgs = (page?: Schemas['Msgs']): boolean => page?.type === 'msgs' && Array.isArray(page.data) && isCount(page.next - page.data.length)
export const isNothing = (body?: unknown): boolean => body === undefined
export const isIceServers = (answer?: { iceServers?: unknown }): boolean => Array.isArray(answer?.iceServers)
