import { diskCosts } from '../cost.js'

/** A box as it is stored on disk. */
export interface Box {
  /** in ms */
  ttl: number
  deadline: number
  /** the time under which it is listed in `deadlines`: at or before `dueOf`; the sweep updates it */
  listed: number
  /** the sequence number of the last message taken out; the messages in the box follow it */
  front: number
  /** the sequence number of the last message ever stored */
  last: number
  /** the size of the texts in the box, in bytes of UTF-8 */
  bytes: number
  /** what its messages count against the size limit */
  cost: number
  /** how many idempotency keys it has ever received; it remembers the last `MAX_KEYS` */
  keys: number
  /** the holder it counts against; empty if none */
  holder: string
  /** its number among the boxes of all holders; 0 if it has no holder */
  born: number
  /** for how long a room keeps a message, in ms; 0 in any other box */
  keep: number
  /** when a room's oldest message was appended; 0 without messages */
  oldest: number
  /** the places of the last message and of those before it in the same chunk */
  places: number[]
}

/** When the sweep has something to do for the box: at its deadline, or when a room's oldest message goes. */
export function dueOf ({ deadline, keep, oldest }: Box): number {
  return oldest === 0 ? deadline : Math.min(deadline, oldest + keep)
}

/** What the time of a message takes in its record. */
const TIME = 14

/** What a message of this size counts against the size limit. */
export function messageCost ({ keep }: Box, bytes: number): number {
  return diskCosts.message(keep === 0 ? bytes : bytes + TIME)
}

/** How many messages, by sequence number, a chunk of places covers. */
export const CHUNK = 32

/** The chunk of its box that a message belongs to, by its sequence number. */
export function chunkOf (seq: number): number {
  return Math.floor((seq - 1) / CHUNK)
}

/**
 * Appends a message to the box, starting a new chunk if the last one is full. A copy of the box may share its
 * places; `last` tells it how many of them are its own.
 * @param time when it was appended
 */
export function advance (box: Box, place: number, bytes: number, time: number): void {
  if (box.keep > 0 && box.front === box.last) box.oldest = time
  if (box.last % CHUNK === 0) box.places = [place]
  else box.places.push(place)
  box.last += 1
  box.bytes += bytes
  box.cost += messageCost(box, bytes)
}

/** Removes the places added by a copy that shares them. */
export function trim (box: Box): void {
  box.places.length = box.last === 0 ? 0 : (box.last - 1) % CHUNK + 1
}

/** What a room has in the place of a TTL, so that the records of other boxes are as they were before there were rooms. */
type Passing = [ttl: number, keep: number, oldest: number]

export type BoxRecord = [
  ttl: number | Passing, deadline: number, late: number, count: number, last: number, bytes: number, extra: number, keys: number, holder: string, born: number, ...places: number[]
]

/**
 * Encodes a box as a list of mostly small numbers, which take little space in MessagePack: the more boxes fit
 * on a page, the fewer pages a flush writes.
 */
export function recordOf ({ ttl, deadline, listed, front, last, bytes, cost, keys, holder, born, keep, oldest, places }: Box): BoxRecord {
  return [keep === 0 ? ttl : [ttl, keep, oldest], deadline, deadline - listed, last - front, last, bytes, cost - bytes, keys, holder, born, ...steps(places)]
}

export function boxOf (record: BoxRecord): Box {
  const [settings, deadline, late, count, last, bytes, extra, keys, holder, born, ...apart] = record
  const [ttl, keep, oldest] = typeof settings === 'number' ? [settings, 0, 0] : settings
  return { ttl, deadline, listed: deadline - late, front: last - count, last, bytes, cost: bytes + extra, keys, holder, born, keep, oldest, places: sums(apart) }
}

/** Encodes each number as its distance from the one before. */
export function steps (numbers: number[]): number[] {
  let before = 0
  return numbers.map(number => {
    const step = number - before
    before = number
    return step
  })
}

/** The inverse of `steps`. */
export function sums (steps: number[]): number[] {
  let sum = 0
  return steps.map(step => {
    sum += step
    return sum
  })
}
