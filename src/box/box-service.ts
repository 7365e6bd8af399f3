import { hasCode, InvalidError } from '../errors.js'
import type { Appended, Drained, Limits, NewMessage, Page, Store } from '../store/store.js'
import { endOfTurn } from '../end-of-turn.js'
import { DROP_ADDRESS, dropAddress, newBoxId } from './capability.js'
import type { Clock } from './clock.js'
import { Events } from './events.js'
import { Waiters } from './waiters.js'

/** How often expired boxes are swept, in ms. */
const SWEEP_EVERY = 1000

/** The stores that are swept, each by one of its services. */
const swept = new WeakSet<Store>()

const form = new RegExp(DROP_ADDRESS)

export interface BoxRules {
  /** default idle lifetime, in seconds */
  ttl: number
  /** waiters per box */
  maxWaiters: number
  /** waiters per room */
  maxRoomWaiters: number
}

/** The settings of a new box, in seconds. */
export interface Settings {
  ttl?: number | undefined
  /** makes it a room, which keeps each message for this long */
  keep?: number | undefined
}

export interface Created {
  boxId: string
  drop: string
  /** ms since the epoch */
  expires: number
}

export interface OpenedBox extends Created {
  /** whether this call created it */
  created: boolean
}

/**
 * The rules of a box, on top of any store. Boxes are identified by their drop address; what the caller may do
 * has already been decided by its capability.
 */
export class BoxService {
  readonly waiters: Waiters
  /** what this service does to boxes, and which boxes of its store expire */
  readonly events = new Events()
  readonly #store: Store
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #rules: BoxRules
  #sweeper: NodeJS.Timeout | undefined
  #sweeping = false
  #closed = false

  /** @param limits passed to the store with every create and append */
  constructor (store: Store, clock: Clock, limits: Limits, rules: BoxRules) {
    this.#store = store
    this.#clock = clock
    this.#limits = limits
    this.#rules = rules
    this.waiters = new Waiters(store, clock, rules)
    store.watchExpiry?.(drop => {
      // The store may have other boxes, too, which endpoints keep for themselves.
      if (form.test(drop)) this.events.tell('gone', drop, { reason: 'expired' })
    })
  }

  /**
   * @param holder whose limits the box counts against; see `Held`
   * @throws InvalidError if a room were to keep its messages longer than it lives
   */
  async create (settings: Settings = {}, holder?: string): Promise<Created> {
    const { ttl, keep } = this.#inMs(settings)
    const boxId = newBoxId()
    const drop = dropAddress(boxId)
    const now = this.#clock.now()
    await this.#store.create(drop, ttl, now, this.#limits, holder, keep)
    const expires = now + ttl
    if (this.events.hears('created')) this.events.tell('created', drop, { expires: new Date(expires) })
    return { boxId, drop, expires }
  }

  /**
   * Creates the box with this id, which its callers have derived from a secret of theirs, unless it exists.
   * @param settings ignored if the box exists
   * @param beforeCreate called if the box does not exist; may refuse by throwing
   */
  async open (boxId: string, drop: string, settings: Settings, holder: string | undefined, beforeCreate: () => Promise<void>): Promise<OpenedBox> {
    const { ttl, keep } = this.#inMs(settings)
    const existing = await this.#find(drop)
    if (existing !== undefined) return { boxId, drop, created: false, expires: existing.expires }
    await beforeCreate()
    const opened = await this.#store.open(drop, ttl, this.#clock.now(), this.#limits, holder, keep)
    if (opened.created) this.events.tell('created', drop, { expires: new Date(opened.expires) })
    return { boxId, drop, ...opened }
  }

  #inMs ({ ttl = this.#rules.ttl, keep }: Settings): { ttl: number, keep: number | undefined } {
    if (keep !== undefined && keep > ttl) throw new InvalidError(`body.keep: expected at most the ttl, ${ttl}`)
    return { ttl: ttl * 1000, keep: keep === undefined ? undefined : keep * 1000 }
  }

  async #find (drop: string): Promise<Page | undefined> {
    try {
      return await this.read(drop, 0, 0)
    } catch (error) {
      if (hasCode(error, 'BOX_ERR_NOT_FOUND')) return undefined
      throw error
    }
  }

  append (drop: string, message: NewMessage): Promise<Appended> {
    const appended = this.#store.append(drop, message, this.#clock.now(), this.#limits)
    return this.events.hears('stored') ? this.#tellStored(drop, appended) : appended
  }

  async #tellStored (drop: string, appended: Promise<Appended>): Promise<Appended> {
    const result = await appended
    this.events.tell('stored', drop, result)
    return result
  }

  read (drop: string, after: number, limit: number): Promise<Page> {
    return this.#store.read(drop, after, limit, this.#clock.now())
  }

  /**
   * A read that is held open for up to `wait` seconds until there is a message. `ended` aborts when the reader
   * disconnects and frees its place at once.
   */
  async longPoll (drop: string, after: number, limit: number, wait: number, ended: AbortSignal): Promise<Page> {
    const page = await this.read(drop, after, limit)
    if (wait === 0 || page.texts.length > 0 || ended.aborted) return page
    const waiter = await this.waiters.open(drop, ended)
    try {
      return await waiter.next(after, limit, wait * 1000)
    } finally {
      waiter.close()
    }
  }

  /** Uses the box without reading or changing it: renews its idle lifetime, and rejects if the box does not exist. */
  async touch (drop: string): Promise<void> {
    await this.read(drop, 0, 0)
  }

  acknowledge (drop: string, after: number): Promise<number> {
    return this.#store.acknowledge(drop, after, this.#clock.now())
  }

  drain (drop: string, most: number): Promise<Drained> {
    return this.#store.drain(drop, this.#clock.now(), most)
  }

  async delete (drop: string): Promise<void> {
    await this.#store.delete(drop, this.#clock.now())
    this.events.tell('gone', drop, { reason: 'deleted' })
  }

  now (): number {
    return this.#clock.now()
  }

  /**
   * Sweeps expired boxes in the background until `close`, unless another service of the same store does; `onError` is
   * called for every sweep that fails.
   */
  start (onError: (error: unknown) => void): void {
    if (swept.has(this.#store)) return
    swept.add(this.#store)
    this.#sweeper = setInterval(() => {
      if (this.#sweeping) return
      this.#sweeping = true
      this.#sweep().catch(onError).finally(() => { this.#sweeping = false })
    }, SWEEP_EVERY)
  }

  /** Continues as long as boxes are due, and yields to other work between steps. */
  async #sweep (): Promise<void> {
    while (!this.#closed && await this.#store.sweep(this.#clock.now()) > 0) await endOfTurn()
  }

  /** Whether it has been closed, so that the store does not respond any more. */
  get closed (): boolean {
    return this.#closed
  }

  /** Ends all waits, the sweep and the store. Idempotent. */
  async close (): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeper)
    this.waiters.endAll()
    await this.#store.close()
  }
}
