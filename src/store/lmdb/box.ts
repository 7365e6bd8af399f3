import { diskCosts } from '../cost.js'

/** A box as the disk has it. */
export interface Box {
  /** ms */
  ttl: number
  deadline: number
  /** the deadline under which `deadlines` has it: at or before the real one, the sweep moves it on */
  listed: number
  /** the number of the last message that was taken out; those in the box are the ones after it */
  front: number
  /** the number of the last message ever stored */
  last: number
  /** UTF-8 bytes of the texts in the box */
  bytes: number
  /** what its messages count against the cap */
  cost: number
  /** how many idempotency keys it was ever given; it remembers the last `MAX_KEYS` */
  keys: number
  /** who it counts against; empty where that is nobody */
  holder: string
  /** its number among the boxes of all holders; 0 where it has no holder */
  born: number
  /** the places of the last message and of those before it in its chunk */
  places: number[]
}

/** How many messages by sequence number a chunk of places has. */
export const CHUNK = 32

/** Which chunk of its box a message is in, by its sequence number. */
export function chunkOf (seq: number): number {
  return Math.floor((seq - 1) / CHUNK)
}

/**
 * Adds a message to the back of the box, which then begins a new chunk where the one before is full.
 * A copy of the box may share its places: it knows by `last` how many of them are its own.
 */
export function advance (box: Box, place: number, bytes: number): void {
  if (box.last % CHUNK === 0) box.places = [place]
  else box.places.push(place)
  box.last += 1
  box.bytes += bytes
  box.cost += diskCosts.message(bytes)
}

/** Takes back the places that a copy which shares them added. */
export function trim (box: Box): void {
  box.places.length = box.last === 0 ? 0 : (box.last - 1) % CHUNK + 1
}

export type BoxRecord = [
  ttl: number, deadline: number, late: number, held: number, last: number, bytes: number, extra: number, keys: number, holder: string, born: number, ...places: number[]
]

/**
 * A box as a list whose numbers are small, most of them, since MessagePack gives small numbers little
 * room: the more boxes there are on a page, the fewer pages a flush writes.
 */
export function recordOf ({ ttl, deadline, listed, front, last, bytes, cost, keys, holder, born, places }: Box): BoxRecord {
  return [ttl, deadline, deadline - listed, last - front, last, bytes, cost - bytes, keys, holder, born, ...steps(places)]
}

export function boxOf (record: BoxRecord): Box {
  const [ttl, deadline, late, held, last, bytes, extra, keys, holder, born, ...apart] = record
  return { ttl, deadline, listed: deadline - late, front: last - held, last, bytes, cost: bytes + extra, keys, holder, born, places: sums(apart) }
}

/** Each number as its distance from the one before it. */
export function steps (numbers: number[]): number[] {
  let before = 0
  return numbers.map(number => {
    const step = number - before
    before = number
    return step
  })
}

/** What `steps` was made of. */
export function sums (steps: number[]): number[] {
  let sum = 0
  return steps.map(step => {
    sum += step
    return sum
  })
}
