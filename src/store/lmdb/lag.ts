import { trim, type Box } from './box.js'

interface Late {
  box: Box
  /** the place of the first message that the record does not cover */
  from: number
  /** the length of the log before that message */
  since: number
}

/** A record lags behind by at most this many bytes of messages: a reopened store must read them to catch up. */
const MAX_LAG = 8 * 1024 * 1024
/** The least that a message counts, so that many small ones do not take long to read. */
const MIN_MESSAGE = 1024

/**
 * The boxes whose records on disk lag behind their messages, in their current state.
 *
 * Storing a message writes the message but not the record of its box: with many boxes, that would be a page per
 * message, and most of a flush. The message names its box, so what was not written is recovered when the store
 * is reopened. A record catches up when anything other than a message changes the box, or when it lags too far
 * behind.
 */
export class Lag {
  /** including the changes of the current transaction; the one that has lagged longest comes first */
  readonly #boxes = new Map<string, Late>()
  /** the state before the current transaction of those it may have changed; undefined for a box that did not lag */
  readonly #before = new Map<string, Late | undefined>()
  /** the length of the log, in bytes since the store was opened */
  #log = 0

  /** The box in the current transaction, which may change it in place; undefined if its record does not lag. */
  box (drop: string): Box | undefined {
    const late = this.#boxes.get(drop)
    if (late !== undefined) this.#remember(drop, late)
    return late?.box
  }

  /** The box as last flushed; undefined if its record does not lag. */
  flushed (drop: string): Box | undefined {
    return (this.#before.has(drop) ? this.#before.get(drop) : this.#boxes.get(drop))?.box
  }

  /** A message was added to the box without writing its record. */
  grow (drop: string, box: Box, place: number, bytes: number): void {
    const late = this.#boxes.get(drop)
    this.#remember(drop, late)
    if (late === undefined) this.#boxes.set(drop, { box, from: place, since: this.#log })
    this.#log += Math.max(bytes, MIN_MESSAGE)
  }

  /** The box's record was written or removed. */
  catchUp (drop: string): void {
    const late = this.#boxes.get(drop)
    if (late === undefined) return
    this.#remember(drop, late)
    this.#boxes.delete(drop)
  }

  /** The boxes that lag too far behind. */
  overdue (): Array<[string, Box]> {
    const overdue: Array<[string, Box]> = []
    for (const [drop, { box, since }] of this.#boxes) {
      if (this.#log - since <= MAX_LAG) break
      overdue.push([drop, box])
    }
    return overdue
  }

  /** The first place that may hold a message not covered by a record. */
  from (): number | undefined {
    const [longest] = this.#boxes.values()
    return longest?.from
  }

  /**
   * Whether the current transaction made the record of a lagging box catch up. Until it settles, the disk may
   * have the box as in `flushed`, or as that transaction leaves it.
   */
  isCatchingUp (drop: string): boolean {
    const before = this.#before.get(drop)
    return before !== undefined && before.from !== this.#boxes.get(drop)?.from
  }

  /** The current transaction was flushed. */
  commit (): void {
    this.#before.clear()
  }

  /** The current transaction was aborted. */
  abort (): void {
    for (const [drop, late] of this.#before) {
      if (late === undefined) {
        this.#boxes.delete(drop)
      } else {
        trim(late.box)
        this.#boxes.set(drop, late)
      }
    }
    this.#before.clear()
    const inOrder = [...this.#boxes].sort(([, a], [, b]) => a.from - b.from)
    this.#boxes.clear()
    for (const [drop, late] of inOrder) this.#boxes.set(drop, late)
  }

  #remember (drop: string, late: Late | undefined): void {
    if (!this.#before.has(drop)) this.#before.set(drop, late && { ...late, box: { ...late.box } })
  }
}
