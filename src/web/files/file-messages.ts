/** How many bytes are hashed, stored and acknowledged at a time; only the last block of a file is shorter. */
export const BLOCK = 1024 * 1024

/** How many blocks may be on their way: sent, and not stored by the other page yet. It bounds the memory of both. */
export const WINDOW = 8

/** How many files one side may offer, or be sent, at a time. */
export const MAX_OFFERS = 64

/** How many files a page names when it is ready. */
export const MAX_KNOWN = 2 * MAX_OFFERS

/** The longest text that a page reads, and the longest name in it, in characters. */
const MAX_TEXT = 8192
export const MAX_NAME = 255

/** Why a transfer has failed, as one page tells the other. */
const reasons = [
  /** the person declined or cancelled it */
  'stopped',
  /** the sender can no longer read the file, because it changed or is gone */
  'unreadable',
  /** a block is not what its hash says, or the other page does not keep to the protocol */
  'damaged',
  /** the receiver cannot store it */
  'storage',
  /** too many files are offered at a time */
  'busy',
  /** the page does not know of it, perhaps because it was loaded again */
  'unknown'
] as const
export type Reason = typeof reasons[number]

/** What two pages say about files, each as a JSON text. Between these texts, pieces of a file are sent as bytes. */
export type FileMessage =
  /** the first message of each side; `known`: the files that the other side may have been sending before */
  | { type: 'ready', known: string[] }
  /** the sender has a file; also says, on a new connection, that it can go on */
  | { type: 'offer', id: string, key: string, name: string, size: number }
  /** the receiver wants it, and has so many blocks */
  | { type: 'accept', id: string, blocks: number }
  /** what follows are the blocks of this file from there on */
  | { type: 'begin', id: string, blocks: number }
  /** a block is complete; the hash covers it and all before it */
  | { type: 'block', hash: string }
  /** the receiver has stored so many blocks */
  | { type: 'have', id: string, blocks: number }
  /** either side ends the transfer */
  | { type: 'cancel', id: string, reason: Reason }

/** Returns undefined for anything that is not a message: the other side may run another version, or another program. */
export function parseFileMessage (text: string): FileMessage | undefined {
  if (text.length > MAX_TEXT) return undefined
  let value: Record<string, unknown>
  try {
    value = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  const { type, id, key, name, size, blocks, hash, reason, known } = value
  if (type === 'ready') return Array.isArray(known) && known.length <= MAX_KNOWN && known.every(isId) ? { type, known } : undefined
  if (type === 'block') return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? { type, hash } : undefined
  if (!isId(id)) return undefined
  switch (type) {
    case 'offer':
      return isId(key) && typeof name === 'string' && name.length <= MAX_NAME && isCount(size) ? { type, id, key, name, size } : undefined
    case 'accept':
    case 'begin':
    case 'have':
      return isCount(blocks) ? { type, id, blocks } : undefined
    case 'cancel':
      return { type, id, reason: reasons.find(known => known === reason) ?? 'stopped' }
    default:
      return undefined
  }
}

function isId (value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

function isCount (value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
