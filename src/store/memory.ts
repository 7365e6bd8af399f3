import { CursorError, FullError, IdempotencyError, NotFoundError, StoreFullError } from '../errors.js'
import { BOX_COST, KEY_COST, MEMORY_CAP, MESSAGE_COST } from './cost.js'
import { isExpired, renewedDeadline } from './lifetime.js'
import { MAX_KEYS, type Appended, type Limits, type NewMessage, type Page, type Store, type Unsubscribe } from './store.js'
import { Subscribers } from './subscribers.js'

interface FirstAck extends Appended {
  digest: string
}

/** An empty box is this record and its key and nothing else: lists and maps come with their first entry. */
interface MemoryBox {
  ttl: number
  deadline: number
  /** the number of the last message ever stored */
  last: number
  /** UTF-8 bytes of the texts in the box */
  bytes: number
  texts: Fifo | undefined
  keys: Map<string, FirstAck> | undefined
}

/** How many boxes one step of the sweep looks at. */
const SWEEP_STEP = 20_000

/** A store for tests, and for servers that may lose everything at a restart. Every operation is O(1) per message. */
export function memoryStore (): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly #boxes = new Map<string, MemoryBox>()
  readonly #subscribers = new Subscribers()
  #cost = 0
  #sweeping = this.#boxes.entries()

  async create (drop: string, ttl: number, now: number, limits: Limits): Promise<void> {
    this.#reserve(BOX_COST, limits)
    this.#boxes.set(drop, { ttl, deadline: now + ttl, last: 0, bytes: 0, texts: undefined, keys: undefined })
    this.#cost += BOX_COST
  }

  async append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended> {
    const box = this.#find(drop, now)
    const { key } = message
    const first = key === undefined ? undefined : box.keys?.get(key.id)
    if (first !== undefined) {
      if (first.digest !== key?.digest) throw new IdempotencyError()
      renew(box, now)
      return { seq: first.seq, count: first.count }
    }
    const held = box.texts?.length ?? 0
    if (held >= limits.maxMessages || box.bytes + message.bytes > limits.maxBoxBytes) throw new FullError()
    const cost = MESSAGE_COST + message.bytes + (key === undefined ? 0 : KEY_COST)
    this.#reserve(cost, limits)

    renew(box, now)
    this.#cost += cost
    box.bytes += message.bytes
    box.last += 1
    box.texts ??= new Fifo()
    box.texts.push(message.text, message.bytes)
    const result = { seq: box.last, count: held + 1 }
    if (key !== undefined) this.#remember(box, key.id, { ...result, digest: key.digest })
    this.#subscribers.wake(drop)
    return result
  }

  async read (drop: string, after: number, limit: number, now: number): Promise<Page> {
    const box = this.#find(drop, now)
    if (after > box.last) throw new CursorError()
    renew(box, now)
    const held = box.texts?.length ?? 0
    const skip = Math.max(0, after - (box.last - held))
    const texts = box.texts?.slice(skip, limit) ?? []
    const next = texts.length === 0 ? after : box.last - held + skip + texts.length
    return { texts, next, expires: box.deadline }
  }

  async acknowledge (drop: string, after: number, now: number): Promise<number> {
    const box = this.#find(drop, now)
    if (after > box.last) throw new CursorError()
    renew(box, now)
    const held = box.texts?.length ?? 0
    const left = Math.min(held, box.last - after)
    this.#take(box, held - left)
    return left
  }

  async drain (drop: string, now: number): Promise<Page> {
    const box = this.#find(drop, now)
    renew(box, now)
    const held = box.texts?.length ?? 0
    const texts = box.texts?.slice(0, held) ?? []
    this.#take(box, held)
    return { texts, next: box.last, expires: box.deadline }
  }

  async delete (drop: string, now: number): Promise<void> {
    const box = this.#find(drop, now)
    this.#remove(drop, box)
    this.#subscribers.wake(drop)
  }

  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    return this.#subscribers.add(drop, listener)
  }

  /** Goes on where the last step stopped: a Map's iterator stays valid while entries come and go. */
  async sweep (now: number): Promise<number> {
    let freed = 0
    for (let looked = 0; looked < SWEEP_STEP; looked++) {
      const { value: entry, done } = this.#sweeping.next()
      if (done === true) {
        this.#sweeping = this.#boxes.entries()
        break
      }
      const [drop, box] = entry
      if (!isExpired(box.deadline, now)) continue
      this.#remove(drop, box)
      freed++
    }
    return freed
  }

  async check (): Promise<void> {}

  async close (): Promise<void> {
    this.#boxes.clear()
    this.#cost = 0
    this.#sweeping = this.#boxes.entries()
  }

  #find (drop: string, now: number): MemoryBox {
    const box = this.#boxes.get(drop)
    if (box === undefined) throw new NotFoundError()
    if (isExpired(box.deadline, now)) {
      this.#remove(drop, box)
      throw new NotFoundError()
    }
    return box
  }

  #reserve (cost: number, { maxStoreBytes = MEMORY_CAP }: Limits): void {
    if (this.#cost + cost > maxStoreBytes) throw new StoreFullError()
  }

  #remember (box: MemoryBox, id: string, ack: FirstAck): void {
    box.keys ??= new Map()
    box.keys.set(id, ack)
    if (box.keys.size <= MAX_KEYS) return
    const [oldest] = box.keys.keys()
    box.keys.delete(oldest as string)
    this.#cost -= KEY_COST
  }

  #take (box: MemoryBox, count: number): void {
    if (box.texts === undefined || count === 0) return
    const bytes = box.texts.shift(count)
    box.bytes -= bytes
    this.#cost -= bytes + count * MESSAGE_COST
    if (box.texts.length === 0) box.texts = undefined
  }

  #remove (drop: string, box: MemoryBox): void {
    this.#boxes.delete(drop)
    this.#cost -= BOX_COST + box.bytes + (box.texts?.length ?? 0) * MESSAGE_COST + (box.keys?.size ?? 0) * KEY_COST
  }
}

/** Only a use that succeeds renews. */
function renew (box: MemoryBox, now: number): void {
  box.deadline = renewedDeadline(box.deadline, box.ttl, now)
}

/** Texts with their lengths; taking from the front moves a mark, and the room is given back once half of it is behind the mark. */
class Fifo {
  #texts: string[] = []
  #bytes: number[] = []
  #start = 0

  get length (): number {
    return this.#texts.length - this.#start
  }

  push (text: string, bytes: number): void {
    this.#texts.push(text)
    this.#bytes.push(bytes)
  }

  slice (skip: number, limit: number): string[] {
    const from = this.#start + skip
    return this.#texts.slice(from, from + limit)
  }

  /** Drops `count` texts from the front and returns how many bytes they had. */
  shift (count: number): number {
    let bytes = 0
    const end = this.#start + count
    for (let i = this.#start; i < end; i++) {
      bytes += this.#bytes[i] as number
      this.#texts[i] = ''
    }
    this.#start = end
    if (this.#start * 2 > this.#texts.length) {
      this.#texts = this.#texts.slice(this.#start)
      this.#bytes = this.#bytes.slice(this.#start)
      this.#start = 0
    }
    return bytes
  }
}
