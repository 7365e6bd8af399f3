import type { RootDatabase } from 'lmdb'
import { diskCosts as costs } from '../cost.js'
import { advance, boxOf, CHUNK, chunkOf, dueOf, messageCost, recordOf, steps, sums, type Box } from './box.js'
import { asBytes, messageIn, messageRecord } from './encoding.js'
import { Holders } from './holders.js'
import { Keys } from './keys.js'
import { Lag } from './lag.js'
import { assertLatest } from './latest.js'
import { openDatabases, readTotals, type Databases } from './layout.js'
import { Space } from './space.js'
import { isExpired } from '../lifetime.js'
import { countPassed } from '../room.js'

/**
 * The records and the operations on them. All but `flushedBox` and `texts` must run inside a transaction, and
 * see its changes.
 */
export class Records {
  readonly #root: RootDatabase<Buffer, string>
  readonly #boxes: Databases['boxes']
  readonly #places: Databases['places']
  readonly #messages: Databases['messages']
  readonly #deadlines: Databases['deadlines']
  readonly #lag = new Lag()
  readonly holders: Holders
  readonly keys: Keys
  readonly space: Space
  #cost = 0
  #lastPlace = 0
  /** how many transactions have changed something, up to the last one that was flushed */
  #flushed = 0
  #hasChanged = false

  /** @param freeSpace how much more the disk can take, in bytes */
  constructor (root: RootDatabase<Buffer, string>, freeSpace: () => number) {
    this.#root = root
    const databases = openDatabases(root)
    this.#boxes = databases.boxes
    this.#places = databases.places
    this.#messages = databases.messages
    this.#deadlines = databases.deadlines
    this.holders = new Holders(databases.holders, drop => this.box(drop))
    this.keys = new Keys(databases.keys, (box, id, count) => {
      this.#cost += count * costs.key(id)
      this.holders.chargeKey(box, count)
    })
    this.space = new Space(Object.values(databases), freeSpace)
  }

  /**
   * Reads the messages that the records of their boxes do not cover. Must run once, before anything else, and in a
   * transaction if others may change the store.
   */
  catchUp (): void {
    const { from, transactions } = readTotals(this.#root)
    this.#flushed = transactions
    for (const { key: place, value } of this.#messages.getRange({ start: from })) {
      const { deadline, time, drop, text } = messageIn(value)
      const box = this.box(drop)
      if (box === undefined || place <= (box.places.at(-1) ?? 0)) continue
      const bytes = Buffer.byteLength(text)
      advance(box, place, bytes, time)
      box.deadline = deadline
      this.#lag.grow(drop, box, place, bytes)
    }
    this.#lag.commit()
  }

  /**
   * Runs `apply` in a transaction, all or nothing; resolves once it is flushed.
   * @param isFull whether to refuse new data, whatever the disk says
   * @throws SetBackError before anything is changed
   */
  async transaction (apply: () => void, isFull = false): Promise<void> {
    try {
      let count = 0
      await this.#root.childTransaction(() => {
        assertLatest(this.#root)
        const { cost, lastPlace, transactions } = readTotals(this.#root)
        this.#cost = cost
        this.#lastPlace = lastPlace
        this.#hasChanged = false
        if (isFull) this.space.close()
        else this.space.measure()
        apply()
        for (const [drop, box] of this.#lag.overdue()) this.putBox(drop, box)
        count = this.#hasChanged ? transactions + 1 : transactions
        if (!this.#hasChanged) return
        void this.#root.put('totals', asBytes([this.#cost, this.#lastPlace, this.#lag.from() ?? this.#lastPlace + 1, count]))
      })
      this.#flushed = count
      this.#lag.commit()
    } catch (error) {
      this.#lag.abort()
      this.holders.forget()
      // A failed commit gives the reason in a separate promise, whose rejection must be handled.
      const { commitError } = error as { commitError?: Promise<never> }
      const cause = commitError === undefined ? error as Error : await commitError.catch((reason: Error) => reason)
      try {
        // LMDB never settles a transaction after it has given up, but it refuses a synchronous one.
        this.#root.transactionSync(() => {})
      } catch {
        throw new Error(`LMDB has given up after: ${cause.message}`, { cause })
      }
      throw cause
    }
  }

  /** What everything counts against the size limit, in bytes. */
  get cost (): number {
    return this.#cost
  }

  /** The caller may change it, and must report changes with the operations below. */
  box (drop: string): Box | undefined {
    return this.#lag.box(drop) ?? this.#recorded(drop)
  }

  /** A copy of the box as last flushed. Not to be used while it is `unsettled`. */
  flushedBox (drop: string): Box | undefined {
    const box = this.#lag.flushed(drop)
    return box === undefined ? this.#recorded(drop) : { ...box }
  }

  /** Whether reads would see an earlier transaction than the last one, because another process has set LMDB back. */
  get isSetBack (): boolean {
    return readTotals(this.#root).transactions < this.#flushed
  }

  /** Whether the disk may be ahead of `flushedBox`, until the current transaction settles. */
  unsettled (drop: string): boolean {
    return this.#lag.isCatchingUp(drop)
  }

  #recorded (drop: string): Box | undefined {
    const record = this.#boxes.get(drop)
    return record === undefined ? undefined : boxOf(record)
  }

  putBox (drop: string, box: Box): void {
    void this.#boxes.put(drop, recordOf(box))
    this.#hasChanged = true
    this.#lag.catchUp(drop)
  }

  addBox (drop: string, box: Box): void {
    // Messages' places are already numbered; a gap between them does no harm.
    if (box.holder !== '') box.born = ++this.#lastPlace
    this.putBox(drop, box)
    void this.#deadlines.put([box.listed, drop], NOTHING)
    this.holders.add(drop, box)
    this.#cost += costOf(box)
  }

  /** Removes the box and everything in it. */
  removeBox (drop: string, box: Box): void {
    this.take(drop, box, box.last)
    this.keys.removeAll(drop, box)
    void this.#deadlines.remove([box.listed, drop])
    void this.#boxes.remove(drop)
    this.#hasChanged = true
    this.#lag.catchUp(drop)
    this.holders.remove(box)
    this.#cost -= costOf(box)
  }

  /** The texts after one sequence number, up to and including another; they must be in the box. */
  texts (drop: string, box: Box, after: number, upTo: number): string[] {
    return this.placesOf(drop, box, after, upTo).map(place => this.#text(place))
  }

  #text (place: number): string {
    return messageIn(this.#messages.get(place) as string).text
  }

  /**
   * Appends a message, without writing the record of its box. If anything else in the box changed, the caller must
   * write it with `putBox`.
   */
  push (drop: string, box: Box, text: string, bytes: number, now: number): void {
    const { last, places } = box
    if (last % CHUNK === 0 && box.front < last) void this.#places.put([drop, chunkOf(last)], steps(places))
    const place = ++this.#lastPlace
    advance(box, place, bytes, now)
    // In ascending order, so that a page is filled before the next is started. LMDB reports a violation; its
    // types do not mention that.
    const inOrder: unknown = this.#messages.putSync(place, messageRecord(box, drop, text, now), IN_ORDER)
    if (inOrder === false) throw new Error(`message ${place} is not the last one`)
    this.#hasChanged = true
    this.#lag.grow(drop, box, place, bytes)
    this.#cost += messageCost(box, bytes)
    this.holders.charge(box, messageCost(box, bytes))
  }

  /** Removes the messages up to and including a sequence number. */
  take (drop: string, box: Box, upTo: number): void {
    const rest = upTo < box.last
    let bytes = rest ? 0 : box.bytes
    let cost = rest ? 0 : box.cost
    for (const place of this.placesOf(drop, box, box.front, upTo)) {
      if (rest) {
        const length = Buffer.byteLength(this.#text(place))
        bytes += length
        cost += messageCost(box, length)
      }
      void this.#messages.remove(place)
    }
    const end = Math.min(chunkOf(upTo + 1), chunkOf(box.last))
    for (let chunk = chunkOf(box.front + 1); chunk < end; chunk++) void this.#places.remove([drop, chunk])
    this.#cost -= cost
    this.holders.charge(box, -cost)
    box.cost -= cost
    box.bytes -= bytes
    box.front = upTo
    if (box.keep > 0) box.oldest = rest ? this.content(drop, box, upTo, box.last).next().value?.time ?? 0 : 0
  }

  /** The number of the last message that a room no longer keeps at `now`. */
  passed (drop: string, box: Box, now: number): number {
    if (box.oldest === 0 || !isExpired(box.oldest + box.keep, now)) return box.front
    return box.front + countPassed(this.#times(drop, box), box.keep, now)
  }

  /** The messages after one sequence number, up to and including another; each is fetched only when it is asked for. */
  * content (drop: string, box: Box, after: number, upTo: number): Generator<{ time: number, bytes: number }, undefined> {
    for (let seq = after, end: number; seq < upTo; seq = end) {
      end = Math.min(upTo, (chunkOf(seq + 1) + 1) * CHUNK)
      for (const place of this.placesOf(drop, box, seq, end)) {
        const { time, text } = messageIn(this.#messages.get(place) as string)
        yield { time, bytes: Buffer.byteLength(text) }
      }
    }
  }

  /** When each message in the box was appended. */
  * #times (drop: string, box: Box): Generator<number> {
    for (const { time } of this.content(drop, box, box.front, box.last)) yield time
  }

  /** The places of those messages. */
  placesOf (drop: string, box: Box, after: number, upTo: number): number[] {
    const found: number[] = []
    for (let chunk = chunkOf(after + 1); chunk <= chunkOf(upTo); chunk++) {
      const first = chunk * CHUNK
      const places = chunk === chunkOf(box.last) ? box.places : sums(this.#places.get([drop, chunk]) as number[])
      found.push(...places.slice(Math.max(0, after - first), upTo - first))
    }
    return found
  }

  /** Up to `limit` boxes listed as due at `now`, the longest due first. */
  due (now: number, limit: number): string[] {
    // An array sorts after its own prefix: everything listed at `now` comes before `now + 1`.
    return Array.from(this.#deadlines.getKeys({ end: [now + 1], limit }), key => (key as [number, string])[1])
  }

  /** Updates the box's entry to when it is really due. */
  relist (drop: string, box: Box): void {
    void this.#deadlines.remove([box.listed, drop])
    box.listed = dueOf(box)
    void this.#deadlines.put([box.listed, drop], NOTHING)
    this.#hasChanged = true
  }
}

/** What a box costs without its messages and keys. */
export function costOf ({ holder }: Box): number {
  return costs.box + (holder === '' ? 0 : costs.ownership)
}

const NOTHING = Buffer.alloc(0)
const IN_ORDER = { append: true }
