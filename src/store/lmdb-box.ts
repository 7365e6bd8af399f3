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
  /** how many idempotency keys it was ever given; it remembers the last `MAX_KEYS` */
  keys: number
  /** the places of the last message and of those before it in its chunk */
  places: number[]
}

/**
 * A box as a list of numbers, most of them small, since MessagePack gives small numbers little room:
 * the more boxes there are on a page, the fewer pages a flush writes.
 */
export function recordOf ({ ttl, deadline, listed, front, last, bytes, keys, places }: Box): number[] {
  return [ttl, deadline, deadline - listed, last - front, last, bytes, keys, ...steps(places)]
}

export function boxOf (record: number[]): Box {
  const [ttl, deadline, late, held, last, bytes, keys, ...apart] = record as [number, number, number, number, number, number, number, ...number[]]
  return { ttl, deadline, listed: deadline - late, front: last - held, last, bytes, keys, places: sums(apart) }
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
