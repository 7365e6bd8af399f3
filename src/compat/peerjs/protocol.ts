import { parseObject } from '../parse-object.js'

/** The types of messages that a peer may send to another one. */
const RELAYED = ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE'] as const

export type Relayed = typeof RELAYED[number]

/** A message as a client sends it. */
export interface FromPeer {
  type: Relayed | 'HEARTBEAT'
  /** the id of another peer; absent if there is none */
  dst: string | undefined
  payload: unknown
}

/** The longest id and the longest token, in characters. The client makes much shorter ones. */
export const LONGEST_NAME = 256

/** How much longer a message may become when it is relayed, in bytes: two ids, and the names of its properties. */
export const MOST_ADDED = 4 * 1024

/** What the official server calls these errors. Clients show them to their users. */
export const errors = {
  parameters: 'No id, token, or key supplied to websocket server',
  key: 'Invalid key provided',
  limit: 'Server has reached its concurrent user limit',
  // The rest has no name there.
  rate: 'Too many messages. Wait a minute, then reconnect.',
  unavailable: 'The server cannot take this peer now. Try again later.'
} as const

/** @returns undefined if it is no message that a client sends */
export function parseMessage (text: string): FromPeer | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { type, dst, payload } = value
  if (type !== 'HEARTBEAT' && !RELAYED.includes(type as Relayed)) return undefined
  // Nobody has such an id.
  if (dst !== undefined && !isName(dst)) return undefined
  return { type: type as FromPeer['type'], dst, payload }
}

export function isName (value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME
}

/** @returns undefined if the payload is nested too deep to be written again */
export function relayedText (type: Relayed, src: string, dst: string, payload: unknown): string | undefined {
  try {
    return JSON.stringify({ type, src, dst, payload })
  } catch {
    return undefined
  }
}

export const OPEN = '{"type":"OPEN"}'
export const ID_TAKEN = '{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}'

export function errorText (msg: string): string {
  return JSON.stringify({ type: 'ERROR', payload: { msg } })
}

export function expireText (src: string, dst: string): string {
  return JSON.stringify({ type: 'EXPIRE', src: dst, dst: src })
}
