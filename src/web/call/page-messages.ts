import type { Sent } from '../media/local-media.js'
import { cleanName } from '../text/names.js'

/** The messages that two pages exchange over the data channel, each as a JSON text. */
export type PageMessage =
  /** the first message of the one in the guest's role */
  | { type: 'hello' }
  /** the answer */
  | { type: 'welcome' }
  | { type: 'media' } & Sent
  /** the sender's name, as it is to be shown */
  | { type: 'name', name: string }
  | { type: 'chat', text: string }

export const MAX_CHAT_LENGTH = 4_000

/** Returns undefined for anything that is not a message: the other side may run another version, or another program. */
export function parseMessage (data: unknown): PageMessage | undefined {
  if (typeof data !== 'string') return undefined
  let value: Record<string, unknown>
  try {
    value = Object(JSON.parse(data))
  } catch {
    return undefined
  }
  const { type, audio, video, screen, name, text } = value
  switch (type) {
    case 'hello':
    case 'welcome':
      return { type }
    case 'media':
      if (typeof audio !== 'boolean' || typeof video !== 'boolean') return undefined
      return { type, audio, video, ...(screen === true && { screen }) }
    case 'name': {
      const clean = typeof name === 'string' ? cleanName(name) : ''
      return clean === '' ? undefined : { type, name: clean }
    }
    case 'chat':
      return typeof text === 'string' && text.trim() !== '' ? { type, text: text.slice(0, MAX_CHAT_LENGTH) } : undefined
    default:
      return undefined
  }
}
