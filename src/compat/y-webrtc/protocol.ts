import { parseObject } from '../parse-object.js'

/** A message as a client sends it. */
export type FromClient =
  { type: 'subscribe' | 'unsubscribe', topics: string[] } |
  { type: 'publish', topic: string } |
  { type: 'ping' }

/** The longest topic, in characters. */
export const LONGEST_TOPIC = 1_024

export const PONG = '{"type":"pong"}'

/** @returns undefined if it is no message that a client sends */
export function parseMessage (text: string): FromClient | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { type, topics, topic } = value
  if (type === 'ping') return { type }
  if (type === 'publish') return isTopic(topic) ? { type, topic } : undefined
  if (type !== 'subscribe' && type !== 'unsubscribe') return undefined
  return Array.isArray(topics) ? { type, topics: topics.filter(isTopic) } : undefined
}

function isTopic (value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_TOPIC
}

/**
 * What subscribers get of a `publish`: the text as it was sent, with the number of subscribers. If it had one before,
 * the last one counts.
 */
export function publishedText (text: string, clients: number): string {
  return `${text.slice(0, text.lastIndexOf('}'))},"clients":${clients}}`
}
