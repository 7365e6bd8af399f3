import type { Database, Key, RootDatabase } from 'lmdb'
import { BOX_COST, KEY_COST, MESSAGE_COST } from './cost.js'
import { MAX_KEYS, type Appended } from './store.js'

/**
 * What is on the disk. A box is a small record, and one entry for each message and each
 * idempotency key, so that a store costs the same however much the box holds.
 *
 * | database  | key             | value |
 * | ---       | ---             | --- |
 * | (root)    | `cost`          | what all of it costs against the cap, in bytes |
 * | boxes     | drop            | the box, below |
 * | messages  | [drop, seq]     | the JSON text |
 * | keys      | [drop, id]      | the first ack: `seq count digest` |
 * |           | [drop, n]       | the id of the box's n-th key |
 * | deadlines | [`listed`, drop] | nothing; boxes by deadline, for the sweep |
 */
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
}

export interface FirstAck extends Appended {
  digest: string
}

/** Reads see the last flushed state, or, inside a transaction, that transaction. Writes belong inside one. */
export class Records {
  readonly #root: RootDatabase<number, string>
  readonly #boxes: Database<Buffer, string>
  readonly #messages: Database<string, Key>
  readonly #keys: Database<string, Key>
  readonly #deadlines: Database<Buffer, Key>
  #cost = 0

  constructor (root: RootDatabase<number, string>) {
    this.#root = root
    this.#boxes = root.openDB({ name: 'boxes', encoding: 'binary' })
    this.#messages = root.openDB({ name: 'messages', encoding: 'string' })
    this.#keys = root.openDB({ name: 'keys', encoding: 'string' })
    this.#deadlines = root.openDB({ name: 'deadlines', encoding: 'binary' })
  }

  /** Runs `apply` in a transaction of its own, all of it or nothing; resolves once it is flushed. */
  async transaction (apply: () => void): Promise<void> {
    try {
      await this.#root.childTransaction(() => {
        const before = this.#cost = this.#root.get('cost') ?? 0
        apply()
        if (this.#cost !== before) void this.#root.put('cost', this.#cost)
      })
    } catch (error) {
      // A failed commit says why in a promise of its own, which must not be left unheard.
      const { commitError } = error as { commitError?: Promise<never> }
      const cause = commitError === undefined ? error as Error : await commitError.catch((reason: Error) => reason)
      try {
        // LMDB never answers a transaction after it has given up, but it refuses a synchronous one.
        this.#root.transactionSync(() => {})
      } catch {
        throw new Error(`LMDB has given up after: ${cause.message}`, { cause })
      }
      throw cause
    }
  }

  /** What everything costs against the cap, in bytes. Only inside a transaction. */
  get cost (): number {
    return this.#cost
  }

  box (drop: string): Box | undefined {
    const bytes = this.#boxes.getBinaryFast(drop)
    return bytes && decode(bytes)
  }

  addBox (drop: string, box: Box): void {
    this.putBox(drop, box)
    void this.#deadlines.put([box.listed, drop], NOTHING)
    this.#cost += BOX_COST
  }

  putBox (drop: string, box: Box): void {
    void this.#boxes.put(drop, encode(box))
  }

  /** Removes the box and all that is its. */
  removeBox (drop: string, box: Box): void {
    for (let seq = box.front + 1; seq <= box.last; seq++) void this.#messages.remove([drop, seq])
    const oldest = Math.max(0, box.keys - MAX_KEYS) + 1
    for (let n = oldest; n <= box.keys; n++) this.#forget(drop, n)
    void this.#deadlines.remove([box.listed, drop])
    void this.#boxes.remove(drop)
    this.#cost -= BOX_COST + box.bytes + (box.last - box.front) * MESSAGE_COST
  }

  /** The texts after one number up to and including another, which must be in the box. */
  texts (drop: string, after: number, upTo: number): string[] {
    const texts: string[] = []
    for (let seq = after + 1; seq <= upTo; seq++) texts.push(this.#messages.get([drop, seq]) as string)
    return texts
  }

  /** Adds a message to the back. The box is put by the caller, as is everywhere below. */
  push (drop: string, box: Box, text: string, bytes: number): void {
    box.last += 1
    box.bytes += bytes
    void this.#messages.put([drop, box.last], text)
    this.#cost += MESSAGE_COST + bytes
  }

  /** Takes the messages up to and including a number out of the front. */
  take (drop: string, box: Box, upTo: number): void {
    let freed = 0
    for (let seq = box.front + 1; seq <= upTo; seq++) {
      if (upTo < box.last) freed += Buffer.byteLength(this.#messages.get([drop, seq]) as string)
      void this.#messages.remove([drop, seq])
    }
    if (upTo === box.last) freed = box.bytes
    this.#cost -= freed + (upTo - box.front) * MESSAGE_COST
    box.bytes -= freed
    box.front = upTo
  }

  firstAck (drop: string, id: string): FirstAck | undefined {
    const text = this.#keys.get([drop, id])
    if (text === undefined) return undefined
    const [seq, count, ...digest] = text.split(' ')
    return { seq: Number(seq), count: Number(count), digest: digest.join(' ') }
  }

  /** Remembers a key the box does not know, and forgets its oldest where it has too many. */
  remember (drop: string, box: Box, id: string, { seq, count, digest }: FirstAck): void {
    if (box.keys >= MAX_KEYS) this.#forget(drop, box.keys - MAX_KEYS + 1)
    box.keys += 1
    void this.#keys.put([drop, box.keys], id)
    void this.#keys.put([drop, id], `${seq} ${count} ${digest}`)
    this.#cost += KEY_COST
  }

  #forget (drop: string, n: number): void {
    void this.#keys.remove([drop, this.#keys.get([drop, n]) as string])
    void this.#keys.remove([drop, n])
    this.#cost -= KEY_COST
  }

  /** Up to `limit` boxes that are listed as due at `now`, the longest due first. */
  due (now: number, limit: number): string[] {
    // An array sorts after its own beginning: everything listed at `now` comes before `now + 1`.
    return Array.from(this.#deadlines.getKeys({ end: [now + 1], limit }), key => (key as [number, string])[1])
  }

  /** Lists the box under its real deadline. */
  relist (drop: string, box: Box): void {
    void this.#deadlines.remove([box.listed, drop])
    box.listed = box.deadline
    void this.#deadlines.put([box.listed, drop], NOTHING)
  }
}

const NOTHING = Buffer.alloc(0)

/** A box on disk is one 64-bit float per field. LMDB copies the buffer within `put`, so one serves all. */
const buffer = Buffer.alloc(7 * 8)

function encode ({ ttl, deadline, listed, front, last, bytes, keys }: Box): Buffer {
  buffer.writeDoubleLE(ttl, 0)
  buffer.writeDoubleLE(deadline, 8)
  buffer.writeDoubleLE(listed, 16)
  buffer.writeDoubleLE(front, 24)
  buffer.writeDoubleLE(last, 32)
  buffer.writeDoubleLE(bytes, 40)
  buffer.writeDoubleLE(keys, 48)
  return buffer
}

function decode (from: Buffer): Box {
  return {
    ttl: from.readDoubleLE(0),
    deadline: from.readDoubleLE(8),
    listed: from.readDoubleLE(16),
    front: from.readDoubleLE(24),
    last: from.readDoubleLE(32),
    bytes: from.readDoubleLE(40),
    keys: from.readDoubleLE(48)
  }
}
