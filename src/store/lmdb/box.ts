import { diskCosts } from '../cost.js'

/** A box as it is stored on disk. */
export interface Box {
  /** in ms */
  ttl: number
  deadline: number
  /** the deadline under which it is listed in `deadlines`: at or before the real one; the sweep updates it */
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
  /** the places of the last message and of those before it in the same chunk */
  places: number[]
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
 */
export function advance (box: Box, place: number, bytes: number): void {
  if (box.last % CHUNK === 0) box.places = [place]
  else box.places.push(place)
  box.last += 1
  box.bytes += bytes
  box.cost += diskCosts.message(bytes)
}

/** Removes the places added by a copy that shares them. */
export function trim (box: Box): void {
  box.places.length = box.last === 0 ? 0 : (box.last - 1) % CHUNK + 1
}

export type BoxRecord = [
  ttl: number, deadline: number, late: number, count: number, last: number, bytes: number, extra: number, keys: number, holder: string, born: number, ...places: number[]
]

/**
 * Encodes a box as a list of mostly small numbers, which take little space in MessagePack: the more boxes fit
 * on a page, the fewer pages a flush writes.
 */
export function recordOf ({ ttl, deadline, listed, front, last, bytes, cost, keys, holder, born, places }: Box): BoxRecord {
  return [ttl, deadline, deadline - listed, last - front, last, bytes, cost - bytes, keys, holder, born, ...steps(places)]
}

export function boxOf (record: BoxRecord): Box {
  const [ttl, deadline, late, count, last, bytes, extra, keys, holder, born, ...apart] = record
  return { ttl, deadline, listed: deadline - late, front: last - count, last, bytes, cost: bytes + extra, keys, holder, born, places: sums(apart) }
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
