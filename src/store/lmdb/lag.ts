import { trim, type Box } from './box.js'

interface Late {
  box: Box
  /** the place of the first message that the record does not know of */
  from: number
  /** how long the log was before that message */
  since: number
}

/** A record lags by so many bytes of messages at most: an opened store has to read them to catch up. */
const MAX_LAG = 8 * 1024 * 1024
/** What a message counts at least, so that many small ones are not too many to read. */
const MIN_MESSAGE = 1024

/**
 * The boxes whose records lag behind their messages, as they really are.
 *
 * Storing a message writes the message and not the record of its box: with many boxes that would
 * be a page for nearly every message, and the greater part of what a flush writes. The message
 * names its box, and so what was not written is made up for when the store is opened again. A
 * record catches up when anything but a message changes the box, and when it lags too long.
 */
export class Lag {
  /** with what the transaction under way did; the one that lags longest comes first */
  readonly #boxes = new Map<string, Late>()
  /** those that the transaction under way may have changed, as they were before it; undefined where one did not lag */
  readonly #before = new Map<string, Late | undefined>()
  /** the length of the log, in bytes since it was opened */
  #log = 0

  /** The box in the transaction under way, which may change it in place; undefined where its record does not lag. */
  box (drop: string): Box | undefined {
    const late = this.#boxes.get(drop)
    if (late !== undefined) this.#remember(drop, late)
    return late?.box
  }

  /** The box as it was flushed last; undefined where its record does not lag. */
  flushed (drop: string): Box | undefined {
    return (this.#before.has(drop) ? this.#before.get(drop) : this.#boxes.get(drop))?.box
  }

  /** A message came to the box, and its record was not written. */
  grow (drop: string, box: Box, place: number, bytes: number): void {
    const late = this.#boxes.get(drop)
    this.#remember(drop, late)
    if (late === undefined) this.#boxes.set(drop, { box, from: place, since: this.#log })
    this.#log += Math.max(bytes, MIN_MESSAGE)
  }

  /** The box's record was written, or removed. */
  catchUp (drop: string): void {
    const late = this.#boxes.get(drop)
    if (late === undefined) return
    this.#remember(drop, late)
    this.#boxes.delete(drop)
  }

  /** The boxes that lag too long. */
  overdue (): Array<[string, Box]> {
    const overdue: Array<[string, Box]> = []
    for (const [drop, { box, since }] of this.#boxes) {
      if (this.#log - since <= MAX_LAG) break
      overdue.push([drop, box])
    }
    return overdue
  }

  /** The place from which on there may be messages that a record does not know of. */
  from (): number | undefined {
    const [longest] = this.#boxes.values()
    return longest?.from
  }

  /**
   * Whether the transaction under way made the record of a lagging box catch up. Until it has
   * settled, the disk may have the box as `flushed` says, or as that transaction leaves it.
   */
  isCatchingUp (drop: string): boolean {
    const before = this.#before.get(drop)
    return before !== undefined && before.from !== this.#boxes.get(drop)?.from
  }

  /** The transaction under way is flushed. */
  commit (): void {
    this.#before.clear()
  }

  /** The transaction under way left nothing behind. */
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
