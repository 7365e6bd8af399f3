import { ownTurn } from '../end-of-turn.js'
import { StoreError } from '../errors.js'
import { admitBox, admitMessage, checkCursor, live, NO_HOLDING, renew, resolveLimits, type FirstAck } from './admission.js'
import { MEMORY_CAP, memoryCosts as costs } from './cost.js'
import { Deadlines } from './deadlines.js'
import { ExpiryWatchers } from './expiry.js'
import { mayBeLarge } from './large-pages.js'
import { isExpired } from './lifetime.js'
import { messageCost, pageOf, type Holder, type MemoryBox, type Room } from './memory-box.js'
import { countPassed, overflow, Times } from './room.js'
import { MAX_KEYS, type Appended, type Drained, type Limits, type NewMessage, type Opened, type Page, type Store, type Unsubscribe } from './store.js'
import { Subscribers } from './subscribers.js'
import { Texts } from './texts.js'

/** How many boxes one step of the sweep frees. */
const SWEEP_STEP = 1_000

/**
 * Creates a store in memory, for tests and disposable data: nothing survives the process. Every operation
 * takes constant time per message. Its size is limited by `maxStoreBytes` (default: 256 MiB).
 */
export function memoryStore (): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly #boxes = new Map<string, MemoryBox>()
  /** holders of at least one box */
  readonly #holders = new Map<string, Holder>()
  readonly #deadlines = new Deadlines<MemoryBox>()
  /** rooms with messages */
  readonly #rooms = new Deadlines<Room>()
  readonly #subscribers = new Subscribers()
  readonly #watchers = new ExpiryWatchers()
  #cost = 0
  #closed = false

  async create (drop: string, ttl: number, now: number, limits: Limits, name?: string, keep?: number): Promise<void> {
    this.#assertOpen()
    const known = name === undefined ? undefined : this.#holders.get(name)
    const cost = costs.box + (keep === undefined ? 0 : costs.room)
    admitBox(resolveLimits(limits, MEMORY_CAP), {
      holding: name === undefined ? undefined : known ?? NO_HOLDING,
      heldCost: cost,
      storeBytes: this.#cost,
      storeCost: cost + (name === undefined || known !== undefined ? 0 : costs.holder)
    })
    const before = this.#boxes.get(drop)
    if (before !== undefined) this.#remove(before)
    // Not `known`: it may have been removed with its last box.
    const holder = name === undefined ? undefined : this.#holders.get(name) ?? this.#addHolder(name)
    const box: MemoryBox = { drop, ttl, deadline: now + ttl, slot: 0, last: 0, bytes: 0, cost: 0, holder, texts: undefined, keys: undefined, room: undefined }
    if (keep !== undefined) box.room = { box, keep, times: new Times(), deadline: 0, slot: 0 }
    if (holder !== undefined) holder.boxes++
    this.#boxes.set(drop, box)
    this.#deadlines.add(box)
    this.#charge(box, cost)
    if (before !== undefined && isExpired(before.deadline, now)) this.#watchers.tell(drop)
  }

  async open (drop: string, ttl: number, now: number, limits: Limits, name?: string, keep?: number): Promise<Opened> {
    const box = this.#boxes.get(drop)
    if (box === undefined || isExpired(box.deadline, now)) {
      await this.create(drop, ttl, now, limits, name, keep)
      return { created: true, expires: now + ttl }
    }
    this.#renew(box, now)
    return { created: false, expires: box.deadline }
  }

  async append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended> {
    const box = this.#find(drop, now)
    const { text, bytes, key } = message
    const going = this.#overflow(box, bytes, limits)
    const before = box.texts?.length ?? 0
    const count = before - going.length
    const cost = (before === 0 ? costs.list : 0) + messageCost(box, bytes) + (key === undefined ? 0 : costs.key(key.id))
    const more = going.reduce((sum, { bytes }) => sum - messageCost(box, bytes), cost)
    const firstAck = admitMessage(message, resolveLimits(limits, MEMORY_CAP), {
      first: key === undefined ? undefined : box.keys?.get(key.id),
      count,
      bytes: going.reduce((sum, { bytes }) => sum - bytes, box.bytes),
      holding: box.holder,
      heldCost: more,
      storeBytes: this.#cost,
      storeCost: more
    })
    this.#renew(box, now)
    if (firstAck !== undefined) return firstAck

    // First the new one, so that a list that has one does not lose its last.
    this.#charge(box, cost)
    box.bytes += bytes
    box.last += 1
    box.texts ??= new Texts()
    box.texts.push(text, bytes)
    this.#enter(box, now)
    this.#take(box, going.length)
    const result = { seq: box.last, count: count + 1 }
    if (key !== undefined) this.#remember(box, key.id, { seq: result.seq, count: result.count, digest: key.digest })
    this.#subscribers.wake(drop)
    return result
  }

  async read (drop: string, after: number, limit: number, now: number): Promise<Page> {
    let box = this.#find(drop, now)
    checkCursor(after, box)
    this.#renew(box, now)
    if (mayBeLarge(box, after, limit)) {
      await ownTurn()
      box = this.#find(drop, now)
    }
    const count = box.texts?.length ?? 0
    const skip = Math.max(0, after - (box.last - count))
    const texts = box.texts?.slice(skip, limit) ?? []
    const next = texts.length === 0 ? after : box.last - count + skip + texts.length
    return pageOf(box, texts, next)
  }

  async acknowledge (drop: string, after: number, now: number): Promise<number> {
    const box = this.#find(drop, now)
    checkCursor(after, box)
    this.#renew(box, now)
    const count = box.texts?.length ?? 0
    const left = Math.min(count, box.last - after)
    this.#take(box, count - left)
    return left
  }

  async drain (drop: string, now: number, most = Infinity): Promise<Drained> {
    const box = this.#find(drop, now)
    this.#renew(box, now)
    const count = box.texts?.length ?? 0
    const size = box.bytes + count
    if (size > most) return { needs: size }
    const texts = box.texts?.slice(0, count) ?? []
    this.#take(box, count)
    return pageOf(box, texts, box.last)
  }

  async delete (drop: string, now: number): Promise<void> {
    const box = this.#find(drop, now)
    this.#remove(box)
    this.#subscribers.wake(drop)
  }

  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    this.#assertOpen()
    return this.#subscribers.add(drop, listener)
  }

  async sweep (now: number): Promise<number> {
    this.#assertOpen()
    let freed = 0
    for (let box = this.#deadlines.first; box !== undefined && freed < SWEEP_STEP; box = this.#deadlines.first) {
      if (!isExpired(box.deadline, now)) break
      this.#expire(box)
      freed++
    }
    for (let room = this.#rooms.first; room !== undefined && freed < SWEEP_STEP; room = this.#rooms.first) {
      if (!isExpired(room.deadline, now)) break
      freed += this.#letPass(room.box, now)
    }
    return freed
  }

  watchExpiry (listener: (drop: string) => void): Unsubscribe {
    return this.#watchers.add(listener)
  }

  async check (): Promise<void> {
    this.#assertOpen()
  }

  async close (): Promise<void> {
    this.#closed = true
    this.#boxes.clear()
    this.#holders.clear()
    this.#deadlines.clear()
    this.#rooms.clear()
    this.#cost = 0
  }

  #assertOpen (): void {
    if (this.#closed) throw new StoreError()
  }

  #find (drop: string, now: number): MemoryBox {
    this.#assertOpen()
    const box = this.#boxes.get(drop)
    if (box !== undefined && isExpired(box.deadline, now)) this.#expire(box)
    const found = live(box, now)
    this.#letPass(found, now)
    return found
  }

  /** Removes what a room no longer keeps. @returns the number of messages */
  #letPass (box: MemoryBox, now: number): number {
    const passed = box.room === undefined ? 0 : countPassed(box.room.times, box.room.keep, now)
    this.#take(box, passed)
    return passed
  }

  /** The messages that must go so that a room has space for one of this size. */
  #overflow (box: MemoryBox, bytes: number, limits: Limits): Array<{ bytes: number }> {
    if (box.room === undefined || box.texts === undefined) return []
    return overflow(box.texts.sizes(), { count: box.texts.length, bytes: box.bytes }, bytes, limits)
  }

  /** A message came into the box, which may be a room. */
  #enter ({ room }: MemoryBox, now: number): void {
    if (room === undefined) return
    const isFirst = room.times.first === undefined
    room.times.push(now)
    if (!isFirst) return
    room.deadline = now + room.keep
    this.#rooms.add(room)
  }

  /** The first messages left the box, which may be a room. */
  #leave ({ room }: MemoryBox, count: number): void {
    if (room === undefined) return
    room.times.shift(count)
    if (room.times.first === undefined) return this.#rooms.remove(room)
    room.deadline = room.times.first + room.keep
    this.#rooms.update(room)
  }

  /** Only a successful use renews the box. */
  #renew (box: MemoryBox, now: number): void {
    if (renew(box, now)) this.#deadlines.update(box)
  }

  #charge (box: MemoryBox, cost: number): void {
    box.cost += cost
    this.#cost += cost
    if (box.holder !== undefined) box.holder.bytes += cost
  }

  #addHolder (name: string): Holder {
    const holder = { name, boxes: 0, bytes: 0 }
    this.#holders.set(name, holder)
    this.#cost += costs.holder
    return holder
  }

  #remember (box: MemoryBox, id: string, ack: FirstAck): void {
    box.keys ??= new Map()
    box.keys.set(id, ack)
    if (box.keys.size <= MAX_KEYS) return
    const oldest = box.keys.keys().next().value as string
    box.keys.delete(oldest)
    this.#charge(box, -costs.key(oldest))
  }

  #take (box: MemoryBox, count: number): void {
    if (box.texts === undefined || count === 0) return
    for (const bytes of box.texts.shift(count)) {
      box.bytes -= bytes
      this.#charge(box, -messageCost(box, bytes))
    }
    this.#leave(box, count)
    if (box.texts.length > 0) return
    box.texts = undefined
    this.#charge(box, -costs.list)
  }

  #expire (box: MemoryBox): void {
    this.#remove(box)
    this.#watchers.tell(box.drop)
  }

  #remove (box: MemoryBox): void {
    this.#boxes.delete(box.drop)
    this.#deadlines.remove(box)
    if (box.room?.times.first !== undefined) this.#rooms.remove(box.room)
    this.#charge(box, -box.cost)
    const { holder } = box
    if (holder === undefined || --holder.boxes > 0) return
    this.#holders.delete(holder.name)
    this.#cost -= costs.holder
  }
}
