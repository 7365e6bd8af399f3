import { RateError } from '../errors.js'
import type { Page, Store, Unsubscribe } from '../store/store.js'
import { endOfTurn } from '../end-of-turn.js'
import { Tally } from '../tally.js'
import type { Clock } from './clock.js'

/** A timer of 0 ms would spin on a box that is about to expire. */
const SHORTEST_SLEEP = 20

/** How many waiters a box and a room may have. */
export interface WaiterRules {
  maxWaiters: number
  maxRoomWaiters: number
}

/**
 * The readers waiting for a message: long-polls and streams. Their number is limited per box, and nothing is
 * kept for a box after its last reader.
 */
export class Waiters {
  readonly #store: Store
  readonly #clock: Clock
  readonly #rules: WaiterRules
  readonly #perBox = new Tally()
  readonly #open = new Set<Waiter>()
  #ended = false

  constructor (store: Store, clock: Clock, rules: WaiterRules) {
    this.#store = store
    this.#clock = clock
    this.#rules = rules
  }

  /** The number of waiting readers. */
  get size (): number {
    return this.#open.size
  }

  /**
   * Subscribes to a box; a read after that misses nothing.
   * @param ended aborts when the wait must end, as when the reader has disconnected, and closes its waiter
   * @param isCounted whether it takes one of the places that the box has
   * @throws RateError if the box already has its maximum number of waiters
   * @throws NotFoundError if it has as many as a box may have, and does not exist
   */
  async open (drop: string, ended: AbortSignal, isCounted = true): Promise<Waiter> {
    const { maxWaiters, maxRoomWaiters } = this.#rules
    // Only beyond the lower limit does it matter which of the two it is.
    if (isCounted && this.#perBox.of(drop) >= Math.min(maxWaiters, maxRoomWaiters)) {
      const { keep } = await this.#store.read(drop, 0, 0, this.#clock.now())
      if (this.#perBox.of(drop) >= (keep === undefined ? maxWaiters : maxRoomWaiters)) throw new RateError()
    }
    const places = isCounted ? 1 : 0
    this.#perBox.add(drop, places)
    const close = (): void => { waiter.close() }
    const waiter = new Waiter(this.#store, this.#clock, drop, () => {
      ended.removeEventListener('abort', close)
      this.#open.delete(waiter)
      this.#perBox.add(drop, -places)
    })
    this.#open.add(waiter)
    ended.addEventListener('abort', close)
    if (this.#ended || ended.aborted) close()
    try {
      await waiter.listen()
    } catch (error) {
      waiter.close()
      throw error
    }
    return waiter
  }

  /** Ends every wait, now and in the future: pending reads return what there is. */
  endAll (): void {
    this.#ended = true
    for (const waiter of [...this.#open]) waiter.close()
  }
}

/** A reader that waits on a box. */
export class Waiter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #drop: string
  readonly #onClose: () => void
  #unsubscribe: Unsubscribe | undefined
  #wake: (() => void) | undefined
  #woken = false
  #closed = false

  constructor (store: Store, clock: Clock, drop: string, onClose: () => void) {
    this.#store = store
    this.#clock = clock
    this.#drop = drop
    this.#onClose = onClose
  }

  get closed (): boolean {
    return this.#closed
  }

  async listen (): Promise<void> {
    const unsubscribe = await this.#store.subscribe(this.#drop, () => {
      this.#woken = true
      this.#wake?.()
    })
    if (this.#closed) unsubscribe()
    else this.#unsubscribe = unsubscribe
  }

  /**
   * Resolves with the messages after the cursor as soon as there are any, or with an empty page after
   * `timeout` ms or when the waiter is closed. A waiting reader counts as using its box, so the box stays
   * alive.
   * @throws what `Store.read` throws; NotFoundError if the box is deleted in the meantime
   */
  async next (after: number, limit: number, timeout: number): Promise<Page> {
    // Unlike the time of day, this clock does not jump.
    const until = performance.now() + timeout
    for (;;) {
      const page = await this.look(after, limit)
      const left = until - performance.now()
      if (page.texts.length > 0 || this.#closed || left <= 0) return page
      await this.rest(page, left)
    }
  }

  /** Reads what there is after the cursor, without waiting. */
  async look (after: number, limit: number): Promise<Page> {
    this.#woken = false
    return await this.#store.read(this.#drop, after, limit, this.#clock.now())
  }

  /**
   * Resolves when the box has changed since the last look began, when it must be looked at again so that it stays
   * alive, after `timeout` ms, or when the waiter is closed.
   * @param page what the last look found
   */
  async rest (page: Page, timeout: number): Promise<void> {
    const beforeExpiry = (page.expires - this.#clock.now()) / 2
    await this.#sleep(Math.min(timeout, beforeExpiry))
    // One read for all messages of a turn, and one wake-up for all their readers on the other side.
    await endOfTurn()
  }

  /** Resolves after `ms`, or when the box has changed since the last look began or the waiter is closed. */
  async pause (ms: number): Promise<void> {
    await this.#sleep(ms)
  }

  /** Idempotent. */
  close (): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe?.()
    this.#onClose()
    this.#wake?.()
  }

  #sleep (ms: number): Promise<void> | undefined {
    if (this.#woken || this.#closed) return undefined
    return new Promise(resolve => {
      const timer = setTimeout(done, Math.max(ms, SHORTEST_SLEEP))
      const wake = (): void => { clearTimeout(timer); done() }
      const self = this
      this.#wake = wake
      function done (): void {
        self.#wake = undefined
        resolve()
      }
    })
  }
}
