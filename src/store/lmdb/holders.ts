import type { Database, Key } from 'lmdb'
import { diskCosts as costs } from '../cost.js'
import type { Holding } from '../admission.js'
import type { Box } from './box.js'
import { MAX_KEYS } from '../store.js'

/** How many holders are remembered. */
const MAX_HOLDERS = 10_000

/** What a key counts against the holder: a constant, so that the count follows from the box alone. */
export const HELD_KEY = 256

/** What the box with its content counts against its holder. */
function costOf (box: Box): number {
  return costs.box + costs.ownership + box.cost + Math.min(box.keys, MAX_KEYS) * HELD_KEY
}

/**
 * What each holder holds. The disk records only which holder a box belongs to; the sums are computed from the
 * boxes on first use and then kept up to date. So a message writes nothing here, and after an aborted
 * transaction it is enough to discard them.
 */
export class Holders {
  readonly #drops: Database<string, Key>
  readonly #boxOf: (drop: string) => Box | undefined
  readonly #holdings = new Map<string, Holding>()

  /**
   * @param drops by holder and number. With the number before the drop, the boxes that a holder creates lie
   * side by side, and a commit of many of them writes few pages
   */
  constructor (drops: Database<string, Key>, boxOf: (drop: string) => Box | undefined) {
    this.#drops = drops
    this.#boxOf = boxOf
  }

  holding (holder: string): Holding {
    const known = this.#holdings.get(holder)
    if (known !== undefined) return known
    const holding = { boxes: 0, bytes: 0 }
    for (const { value } of this.#drops.getRange({ start: [holder], end: [holder, Infinity] })) {
      holding.boxes++
      holding.bytes += costOf(this.#boxOf(value) as Box)
    }
    const [oldest] = this.#holdings.size >= MAX_HOLDERS ? this.#holdings.keys() : []
    if (oldest !== undefined) this.#holdings.delete(oldest)
    this.#holdings.set(holder, holding)
    return holding
  }

  /** A box without messages and keys was added to its holder. */
  add (drop: string, { holder, born }: Box): void {
    if (holder === '') return
    void this.#drops.put([holder, born], drop)
    this.#change(holder, 1, costs.box + costs.ownership)
  }

  /** A box was removed, after its messages and keys. */
  remove ({ holder, born }: Box): void {
    if (holder === '') return
    void this.#drops.remove([holder, born])
    this.#change(holder, -1, -(costs.box + costs.ownership))
  }

  /** The cost of the messages in the box changed. */
  charge ({ holder }: Box, bytes: number): void {
    this.#change(holder, 0, bytes)
  }

  /** The box remembers one more key (1) or one fewer (-1). */
  chargeKey ({ holder }: Box, change: 1 | -1): void {
    this.#change(holder, 0, change * HELD_KEY)
  }

  /** A sum that is not cached needs no update: it is computed on first use. */
  #change (holder: string, boxes: number, bytes: number): void {
    const holding = this.#holdings.get(holder)
    if (holding === undefined) return
    holding.boxes += boxes
    holding.bytes += bytes
    if (holding.boxes === 0) this.#holdings.delete(holder)
  }

  /** Discards the sums after the changes behind them were undone. */
  forget (): void {
    this.#holdings.clear()
  }
}
