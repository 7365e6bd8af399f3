import { ownTurn } from '../../end-of-turn.js'
import { NotFoundError, StoreFullError } from '../../errors.js'
import { admitBox, admitMessage, checkCursor, live, renew, resolveLimits, type Growth } from '../admission.js'
import { DISK_CAP, diskCosts as costs } from '../cost.js'
import { ExpiryWatchers } from '../expiry.js'
import { mayBeLarge } from '../large-pages.js'
import { isExpired, renewedDeadline } from '../lifetime.js'
import { overflow } from '../room.js'
import { dueOf, messageCost, type Box } from './box.js'
import { Commits } from './commits.js'
import { HELD_KEY } from './holders.js'
import type { Environment } from './open.js'
import type { Records } from './records.js'
import { MAX_KEYS, type Appended, type Drained, type Limits, type NewMessage, type Opened, type Page, type Store, type Unsubscribe } from '../store.js'
import { Subscribers } from '../subscribers.js'
import { withDeadline } from '../with-deadline.js'

/** Tells that the box is a room, and for how long it keeps a message. */
function keepOf ({ keep }: Box): { keep?: number } {
  return keep === 0 ? {} : { keep }
}

/** How many boxes one step of the sweep examines, and after how many freed records it stops. */
const SWEEP_STEP = 500
const SWEEP_RECORDS = 5_000

/** The operations of the LMDB store. What its options, its promises and its errors are, `lmdbStore` says. */
export class LmdbStore implements Store {
  readonly name = 'lmdb'
  readonly #environment: Environment
  readonly #records: Records
  readonly #commits: Commits
  readonly #subscribers = new Subscribers()
  readonly #watchers = new ExpiryWatchers()
  #closing: Promise<void> | undefined

  constructor (environment: Environment, deadline: number, onFailure: (error: Error) => void) {
    this.#environment = environment
    this.#records = environment.records
    this.#commits = new Commits(environment.transaction, deadline, onFailure, environment.freeSpace)
  }

  async create (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<void> {
    const expired = await this.#commits.run(() => this.#add(drop, ttl, now, limits, holder, keep))
    if (expired) this.#watchers.tell(drop)
  }

  /** An existing box is only read, so that opening it writes as little as polling it. */
  async open (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<Opened> {
    try {
      const { expires } = await this.read(drop, 0, 0, now)
      return { created: false, expires }
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
    const { expired, ...opened } = await this.#commits.run(() => {
      const box = this.#records.box(drop)
      // It was just opened by another caller.
      if (box !== undefined && !isExpired(box.deadline, now)) return { expired: false, created: false, expires: box.deadline }
      return { expired: this.#add(drop, ttl, now, limits, holder, keep), created: true, expires: now + ttl }
    })
    if (expired) this.#watchers.tell(drop)
    return opened
  }

  /** @returns whether it replaces an expired box */
  #add (drop: string, ttl: number, now: number, limits: Limits, holder = '', keep = 0): boolean {
    const records = this.#records
    const cost = costs.box + (holder === '' ? 0 : costs.ownership)
    admitBox(resolveLimits(limits, DISK_CAP), this.#growth(holder, cost, cost, limits))
    records.space.claim(cost)
    const before = records.box(drop)
    if (before !== undefined) records.removeBox(drop, before)
    const deadline = now + ttl
    records.addBox(drop, { ttl, deadline, listed: deadline, front: 0, last: 0, bytes: 0, cost: 0, keys: 0, holder, born: 0, keep, oldest: 0, places: [] })
    return before !== undefined && isExpired(before.deadline, now)
  }

  async append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended> {
    const records = this.#records
    const { text, bytes, key } = message
    const appended = await this.#commits.run(() => {
      const box = live(records.box(drop), now)
      const { front, count, bytes: left, freed } = this.#whatStays(drop, box, now, bytes, limits)
      const cost = messageCost(box, bytes) - freed
      const heldCost = cost + (key === undefined ? 0 : HELD_KEY)
      const storeCost = cost + (key === undefined ? 0 : costs.key(key.id))
      const firstAck = admitMessage(message, resolveLimits(limits, DISK_CAP), {
        first: key && records.keys.firstAck(drop, key.id),
        count,
        bytes: left,
        ...this.#growth(box.holder, heldCost, storeCost, limits)
      })
      // LMDB reuses what this transaction frees only in later ones.
      if (firstAck === undefined) records.space.claim(storeCost + freed)
      const renewed = renew(box, now)
      if (firstAck !== undefined) {
        if (renewed) records.putBox(drop, box)
        return firstAck
      }
      const makesSpace = front > box.front
      if (makesSpace) records.take(drop, box, front)
      records.push(drop, box, text, bytes, now)
      const isDueEarlier = dueOf(box) < box.listed
      if (isDueEarlier) records.relist(drop, box)
      if (makesSpace || isDueEarlier) records.putBox(drop, box)
      const result = { seq: box.last, count: count + 1 }
      if (key !== undefined) {
        records.keys.remember(drop, box, key.id, { ...result, digest: key.digest })
        records.putBox(drop, box)
      }
      return result
    })
    this.#subscribers.wake(drop)
    return appended
  }

  async read (drop: string, after: number, limit: number, now: number): Promise<Page> {
    this.#commits.assertServing()
    let box = await this.#onDisk(drop, now)
    checkCursor(after, box)
    // After each wait, another box may have taken its place. The texts are fetched last, so that no page waits in memory.
    if (renewedDeadline(box.deadline, box.ttl, now) !== box.deadline) {
      await this.#renew(drop, now)
      box = await this.#onDisk(drop, now)
      checkCursor(after, box)
    }
    if (mayBeLarge(box, after, limit)) {
      await ownTurn()
      box = await this.#onDisk(drop, now, ownTurn)
      checkCursor(after, box)
    }
    const from = Math.max(after, this.#records.passed(drop, box, now))
    const upTo = Math.min(box.last, from + limit)
    const texts = this.#records.texts(drop, box, from, upTo)
    return { texts, next: texts.length === 0 ? after : upTo, expires: box.deadline, ...keepOf(box) }
  }

  /** What is in a box before a message of this size comes in, without what has expired or must go for it. */
  #whatStays (drop: string, box: Box, now: number, bytes: number, limits: Limits): { front: number, count: number, bytes: number, freed: number } {
    const all = { front: box.front, count: box.last - box.front, bytes: box.bytes, freed: 0 }
    if (box.keep === 0) return all
    const without = (before: typeof all, going: Iterable<{ bytes: number }>): typeof all => {
      const left = { ...before }
      for (const { bytes } of going) {
        left.front++
        left.count--
        left.bytes -= bytes
        left.freed += messageCost(box, bytes)
      }
      return left
    }
    const kept = without(all, this.#records.content(drop, box, box.front, this.#records.passed(drop, box, now)))
    if (kept.count < limits.maxMessages && kept.bytes + bytes <= limits.maxBoxBytes) return kept
    return without(kept, overflow(this.#records.content(drop, box, kept.front, box.last), kept, bytes, limits))
  }

  /**
   * The box as it is on the disk, once that is known.
   * @param pause comes after each wait, which many readers may have shared
   */
  async #onDisk (drop: string, now: number, pause?: () => Promise<void>): Promise<Box> {
    for (;;) {
      // A transaction, even an empty one, starts from the last one.
      if (this.#records.isSetBack) await this.#commits.run(() => {})
      else if (this.#records.unsettled(drop)) await this.#commits.settled()
      else break
      await pause?.()
    }
    return live(this.#records.flushedBox(drop), now)
  }

  acknowledge (drop: string, after: number, now: number): Promise<number> {
    return this.#commits.run(() => {
      const box = live(this.#records.box(drop), now)
      checkCursor(after, box)
      const renewed = renew(box, now)
      const front = Math.max(after, this.#records.passed(drop, box, now))
      const taken = front > box.front
      if (taken) this.#records.take(drop, box, front)
      if (renewed || taken) this.#records.putBox(drop, box)
      return box.last - box.front
    })
  }

  drain (drop: string, now: number, most = Infinity): Promise<Drained> {
    return this.#commits.run(() => {
      const box = live(this.#records.box(drop), now)
      const passed = this.#records.passed(drop, box, now)
      const before = box.front
      if (passed > box.front) this.#records.take(drop, box, passed)
      const size = box.bytes + box.last - box.front
      const isTooLarge = size > most
      const texts = isTooLarge ? [] : this.#records.texts(drop, box, box.front, box.last)
      const renewed = renew(box, now)
      if (texts.length > 0) this.#records.take(drop, box, box.last)
      if (renewed || box.front > before) this.#records.putBox(drop, box)
      return isTooLarge ? { needs: size } : { texts, next: box.last, expires: box.deadline, ...keepOf(box) }
    })
  }

  async delete (drop: string, now: number): Promise<void> {
    await this.#commits.run(() => { this.#records.removeBox(drop, live(this.#records.box(drop), now)) })
    this.#subscribers.wake(drop)
  }

  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    this.#commits.assertServing()
    return this.#subscribers.add(drop, listener)
  }

  async sweep (now: number): Promise<number> {
    this.#commits.assertServing()
    this.#environment.releaseReaders()
    while (this.#records.due(now, 1).length > 0) {
      const { freed, expired } = await this.#commits.run(() => this.#freeDue(now))
      for (const drop of expired) this.#watchers.tell(drop)
      if (freed > 0) return freed
    }
    return 0
  }

  /** Frees the boxes that are due first, and updates the entries of those that were renewed in the meantime. */
  #freeDue (now: number): { freed: number, expired: string[] } {
    const expired: string[] = []
    let freed = 0
    let removed = 0
    for (const drop of this.#records.due(now, SWEEP_STEP)) {
      const box = this.#records.box(drop) as Box
      if (isExpired(box.deadline, now)) {
        removed += 2 + box.last - box.front + Math.min(box.keys, MAX_KEYS)
        this.#records.removeBox(drop, box)
        expired.push(drop)
        freed++
        if (removed > SWEEP_RECORDS) break
      } else {
        const passed = this.#records.passed(drop, box, now)
        freed += passed - box.front
        removed += passed - box.front
        if (passed > box.front) this.#records.take(drop, box, passed)
        this.#records.relist(drop, box)
        this.#records.putBox(drop, box)
        if (removed > SWEEP_RECORDS) break
      }
    }
    return { freed, expired }
  }

  watchExpiry (listener: (drop: string) => void): Unsubscribe {
    return this.#watchers.add(listener)
  }

  async check (): Promise<void> {
    this.#commits.assertServing()
  }

  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    await this.#commits.close()
    const closed = this.#environment.close()
    // After a failure, LMDB may wait for the disk forever.
    await (this.#commits.failed ? withDeadline(closed, 1_000).catch(() => {}) : closed)
  }

  #growth (holder: string, heldCost: number, storeCost: number, { held }: Limits): Growth {
    // Without limits, nobody needs the sums, which may have to be computed first.
    const holding = holder === '' || held === undefined ? undefined : this.#records.holders.holding(holder)
    return { holding, heldCost, storeBytes: this.#records.cost, storeCost }
  }

  /**
   * Renews a box that is only read. If there is no room for that, the reader gets its messages anyway. If the box
   * has been deleted in the meantime, the caller finds out.
   */
  async #renew (drop: string, now: number): Promise<void> {
    try {
      await this.#commits.run(() => {
        const box = live(this.#records.box(drop), now)
        if (renew(box, now)) this.#records.putBox(drop, box)
      })
    } catch (error) {
      if (!(error instanceof StoreFullError || error instanceof NotFoundError)) throw error
    }
  }
}
