import type { Database, Key } from 'lmdb'
import type { FirstAck } from '../admission.js'
import type { Box } from './box.js'
import { MAX_KEYS } from '../store.js'

/** The idempotency keys that boxes remember: the first ack of each, and the order in which they came. */
export class Keys {
  readonly #records: Database<string, Key>
  readonly #charge: (box: Box, id: string, count: 1 | -1) => void

  /** @param charge called for each key that a box gets (1) or loses (-1) */
  constructor (records: Database<string, Key>, charge: (box: Box, id: string, count: 1 | -1) => void) {
    this.#records = records
    this.#charge = charge
  }

  firstAck (drop: string, id: string): FirstAck | undefined {
    const text = this.#records.get([drop, id])
    if (text === undefined) return undefined
    const [seq, count, ...digest] = text.split(' ')
    return { seq: Number(seq), count: Number(count), digest: digest.join(' ') }
  }

  /** Adds a key that the box does not know, and forgets the oldest if there are too many. */
  remember (drop: string, box: Box, id: string, { seq, count, digest }: FirstAck): void {
    if (box.keys >= MAX_KEYS) this.#forget(drop, box, box.keys - MAX_KEYS + 1)
    box.keys += 1
    void this.#records.put([drop, box.keys], id)
    void this.#records.put([drop, id], `${seq} ${count} ${digest}`)
    this.#charge(box, id, 1)
  }

  removeAll (drop: string, box: Box): void {
    for (let n = Math.max(0, box.keys - MAX_KEYS) + 1; n <= box.keys; n++) this.#forget(drop, box, n)
  }

  #forget (drop: string, box: Box, n: number): void {
    const id = this.#records.get([drop, n]) as string
    void this.#records.remove([drop, id])
    void this.#records.remove([drop, n])
    this.#charge(box, id, -1)
  }
}
