import type { RootDatabase } from 'lmdb'
import { diskCosts as costs } from '../../cost.js'
import { isExpired } from '../../lifetime.js'
import { MAX_KEYS } from '../../store.js'
import { CHUNK, chunkOf, dueOf, messageCost, type Box } from '../box.js'
import { messageIn } from '../encoding.js'
import { openDatabases, readFormat, readTotals, type Databases } from '../layout.js'
import { costOf, Records } from '../records.js'

/** What a store holds. */
export interface Content {
  /** those that have not expired */
  boxes: number
  /** those that have, and were not yet swept */
  expired: number
  /** in all boxes, including the expired ones */
  messages: number
  /** the size of their texts */
  bytes: number
}

/** Something in a store or a backup is not as it was written. */
export class DamageError extends Error {
  override readonly name = 'DamageError'
}

/**
 * Reads every record, and checks it against all others that say the same.
 *
 * This takes no break: what LMDB reads between two turns of the event loop is one snapshot, even while a server
 * writes.
 * @throws DamageError
 */
export function checkRecords (root: RootDatabase<Buffer, string>, now: number): Content {
  if (readFormat(root) === undefined) throw new DamageError('its layout is not recorded')
  try {
    return new Check(root).run(now)
  } catch (error) {
    if (error instanceof DamageError) throw error
    throw new DamageError(`a record cannot be read (${(error as Error).message})`, { cause: error })
  }
}

class Check {
  readonly #databases: Databases
  readonly #records: Records
  readonly #totals: ReturnType<typeof readTotals>
  /** the number of records that the boxes account for */
  readonly #due = { boxes: 0, places: 0, messages: 0, keys: 0, deadlines: 0, holders: 0 }
  #cost = 0
  #bytes = 0

  constructor (root: RootDatabase<Buffer, string>) {
    this.#databases = openDatabases(root)
    this.#records = new Records(root, () => Infinity)
    this.#totals = readTotals(root)
  }

  run (now: number): Content {
    this.#records.catchUp()
    let expired = 0
    for (const drop of this.#databases.boxes.getKeys()) {
      const box = this.#records.flushedBox(drop) as Box
      this.#checkBox(drop, box)
      if (isExpired(box.deadline, now)) expired++
    }
    for (const [name, due] of Object.entries(this.#due) as Array<[keyof Databases, number]>) {
      const { entryCount } = this.#databases[name].getStats() as { entryCount: number }
      expect(entryCount === due, `'${name}' has ${entryCount} records, and the boxes account for ${due}`)
    }
    expect(this.#totals.cost === this.#cost, 'the size of the store is not the sum of its boxes')
    return { boxes: this.#due.boxes - expired, expired, messages: this.#due.messages, bytes: this.#bytes }
  }

  #checkBox (drop: string, box: Box): void {
    const { ttl, deadline, listed, front, last, holder, born, keep } = box
    expect([deadline, listed, front, last, born, keep].every(isCount) && ttl > 0 && front <= last, 'a box has numbers that cannot be')
    this.#checkMessages(drop, box)
    this.#checkKeys(drop, box)
    expect(listed <= dueOf(box) && this.#databases.deadlines.doesExist([listed, drop]), 'a box is not listed under its deadline')
    if (holder !== '') {
      expect(this.#databases.holders.get([holder, born]) === drop && born <= this.#totals.lastPlace, 'a box is not listed under its holder')
      this.#due.holders++
    }
    this.#due.boxes++
    this.#due.deadlines++
    this.#cost += costOf(box)
  }

  #checkMessages (drop: string, box: Box): void {
    const { front, last, keep } = box
    const places = this.#records.placesOf(drop, box, front, last)
    expect(places.length === last - front, 'a box does not have as many messages as it says')
    let bytes = 0
    let cost = 0
    let before = 0
    let oldest = 0
    for (const place of places) {
      const record = this.#databases.messages.get(place)
      expect(record !== undefined && place > before && place <= this.#totals.lastPlace, 'a message of a box is missing')
      before = place
      const message = messageIn(record)
      const length = Buffer.byteLength(message.text)
      expect(message.drop === drop && isCount(message.deadline) && isCount(message.time), 'a message belongs to another box')
      expect(isJson(message.text), 'a message is not JSON')
      if (oldest === 0) oldest = message.time
      bytes += length
      cost += messageCost(box, length)
    }
    expect(box.bytes === bytes && box.cost === cost, 'the size of a box is not the sum of its messages')
    expect(keep === 0 || box.oldest === oldest, 'a room has another time for its oldest message than the message has')
    this.#due.messages += places.length
    if (places.length > 0) this.#due.places += chunkOf(last) - chunkOf(front + 1)
    expect(last === 0 || box.places.length === (last - 1) % CHUNK + 1, 'a box does not have as many places as it has messages')
    this.#bytes += bytes
    this.#cost += cost
  }

  #checkKeys (drop: string, { keys, last }: Box): void {
    for (let n = Math.max(0, keys - MAX_KEYS) + 1; n <= keys; n++) {
      const id = this.#databases.keys.get([drop, n])
      const first = id === undefined ? undefined : this.#records.keys.firstAck(drop, id)
      expect(id !== undefined && first !== undefined && isCount(first.seq) && first.seq <= last, 'an idempotency key of a box is missing')
      this.#due.keys += 2
      this.#cost += costs.key(id)
    }
  }
}

function isCount (value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isJson (text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function expect (condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new DamageError(otherwise)
}
