import type { FirstAck, Holding } from './admission.js'
import { memoryCosts as costs } from './cost.js'
import type { Times } from './room.js'
import type { Page } from './store.js'
import type { Texts } from './texts.js'

export interface Holder extends Holding {
  name: string
}

/** What a box has if its messages expire. It is in a queue while it has any. */
export interface Room {
  box: MemoryBox
  /** in ms */
  keep: number
  /** when each text was appended */
  times: Times
  /** when the oldest expires */
  deadline: number
  /** its index in the queue */
  slot: number
}

/** An empty box is only this record and its key: lists and maps are created with their first entry. */
export interface MemoryBox {
  drop: string
  ttl: number
  deadline: number
  /** its index in the queue of deadlines */
  slot: number
  /** the sequence number of the last message ever stored */
  last: number
  /** the size of the texts in the box, in bytes of UTF-8 */
  bytes: number
  /** what it counts, with its content, against the size limit */
  cost: number
  holder: Holder | undefined
  texts: Texts | undefined
  keys: Map<string, FirstAck> | undefined
  room: Room | undefined
}

/** What a message of this size counts against the size limit. */
export function messageCost ({ room }: MemoryBox, bytes: number): number {
  return costs.message(bytes) + (room === undefined ? 0 : costs.time)
}

export function pageOf ({ deadline, room }: MemoryBox, texts: string[], next: number): Page {
  return { texts, next, expires: deadline, ...room !== undefined && { keep: room.keep } }
}
