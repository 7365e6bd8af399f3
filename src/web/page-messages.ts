/** What two pages say to each other over the data channel, each as one JSON text. */
export type Message =
  /** the guest, first of all */
  | { type: 'hello' }
  /** the host's answer */
  | { type: 'welcome' }
  | { type: 'full' }
  /** what is being sent: whether there is something to hear and see */
  | { type: 'media', audio: boolean, video: boolean }
  | { type: 'chat', text: string }
  /** the guest's page is closed */
  | { type: 'bye' }

export const MAX_CHAT = 4_000

/** The message, or undefined where it is none: the other side may run another version, or anything else. */
export function parseMessage (data: unknown): Message | undefined {
  if (typeof data !== 'string') return undefined
  let value: Record<string, unknown>
  try {
    value = Object(JSON.parse(data))
  } catch {
    return undefined
  }
  const { type, audio, video, text } = value
  switch (type) {
    case 'hello':
    case 'welcome':
    case 'full':
    case 'bye':
      return { type }
    case 'media':
      return typeof audio === 'boolean' && typeof video === 'boolean' ? { type, audio, video } : undefined
    case 'chat':
      return typeof text === 'string' && text.trim() !== '' ? { type, text: text.slice(0, MAX_CHAT) } : undefined
    default:
      return undefined
  }
}
