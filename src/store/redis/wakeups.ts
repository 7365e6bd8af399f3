import type { Redis } from 'ioredis'
import { StoreError } from '../../errors.js'
import { storeErrorFrom } from './connection.js'
import type { Unsubscribe } from '../store.js'
import { Subscribers } from '../subscribers.js'
import { withDeadline } from '../with-deadline.js'

/** How long after a loss subscriptions are tried again, and how often a quiet connection is asked whether it lives, ms. */
const REPAIR = 250
const HEARTBEAT = 5_000

/** The node that has a channel, as the client knows it now, under a name that is its own. */
export interface Owner {
  name: string
  node: Redis
}

interface WakeupOptions {
  channelOf: (drop: string) => string
  dropOf: (channel: string) => string
  /** undefined while nobody is known to own the channel */
  ownerOf: (channel: string) => Owner | undefined
  /** has the client learn anew who owns what */
  refresh: () => void
  deadline: number
}

/** A connection for subscriptions only; `opened` is rejected where it could not be made. */
interface Link {
  redis: Redis
  opened: Promise<void>
}

/** A box that is listened to. Without `taken` its subscription was lost and is to be made again. */
interface Seat {
  link?: Link | undefined
  taken?: Promise<void> | undefined
  lost: boolean
}

/**
 * Wake-ups from whichever process, by sharded publish/subscribe: one connection per node
 * that has a channel somebody here listens to. A subscription that was lost is made again,
 * and then its listeners are woken, since something may have come in between.
 */
export class Wakeups {
  readonly #options: WakeupOptions
  readonly #subscribers = new Subscribers()
  readonly #seats = new Map<string, Seat>()
  readonly #links = new Map<string, Link>()
  #heartbeat: NodeJS.Timeout | undefined
  #repair: NodeJS.Timeout | undefined
  #closed = false

  constructor (options: WakeupOptions) {
    this.#options = options
  }

  /** Resolves once the server has confirmed. */
  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    if (this.#closed) throw new StoreError()
    const remove = this.#subscribers.add(drop, listener)
    const unsubscribe = (): void => {
      remove()
      this.#leave(drop)
    }
    try {
      await withDeadline(this.#take(drop), this.#options.deadline)
      return unsubscribe
    } catch (error) {
      unsubscribe()
      throw storeErrorFrom(error)
    }
  }

  close (): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#repair)
    for (const { redis } of this.#links.values()) redis.disconnect()
    this.#seats.clear()
  }

  #take (drop: string): Promise<void> {
    let seat = this.#seats.get(drop)
    if (seat === undefined) this.#seats.set(drop, seat = { lost: false })
    if (seat.taken === undefined) {
      seat.taken = this.#confirm(drop, seat)
      // Heard in a later turn, so that it takes back what is set here.
      seat.taken.catch(() => { this.#lose(drop, seat) })
    }
    return seat.taken
  }

  async #confirm (drop: string, seat: Seat): Promise<void> {
    const channel = this.#options.channelOf(drop)
    const link = seat.link = this.#linkTo(channel)
    await link.opened
    // Who left meanwhile is not subscribed: nobody would ever end it.
    if (this.#seats.get(drop) !== seat || seat.link !== link) throw new StoreError()
    await link.redis.ssubscribe(channel)
    // Confirmed, and lost again before this was heard.
    if (seat.link !== link) throw new StoreError()
    if (seat.lost) this.#subscribers.wake(drop)
    seat.lost = false
  }

  #leave (drop: string): void {
    const seat = this.#seats.get(drop)
    if (seat === undefined || this.#subscribers.has(drop)) return
    this.#seats.delete(drop)
    const redis = seat.link?.redis
    if (redis?.status === 'ready') redis.sunsubscribe(this.#options.channelOf(drop)).catch(() => {})
  }

  #lose (drop: string, seat: Seat): void {
    seat.taken = seat.link = undefined
    seat.lost = true
    if (this.#closed || this.#seats.get(drop) !== seat) return
    this.#repair ??= setTimeout(() => {
      this.#repair = undefined
      this.#options.refresh()
      for (const drop of this.#seats.keys()) this.#take(drop).catch(() => {})
    }, REPAIR)
  }

  #loseAll (link: Link): void {
    for (const [drop, seat] of this.#seats) {
      if (seat.link === link) this.#lose(drop, seat)
    }
  }

  #linkTo (channel: string): Link {
    const owner = this.#options.ownerOf(channel)
    if (owner === undefined) throw new StoreError()
    const known = this.#links.get(owner.name)
    if (known !== undefined) return known

    const { deadline } = this.#options
    const redis = owner.node.duplicate({
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: true,
      autoResubscribe: false,
      retryStrategy: null,
      connectTimeout: deadline,
      socketTimeout: deadline
    })
    const link: Link = { redis, opened: redis.connect() }
    link.opened.catch(() => {})
    this.#links.set(owner.name, link)
    redis.on('smessage', (channel: string) => { this.#subscribers.wake(this.#options.dropOf(channel)) })
    redis.on('error', () => {})
    // The channel's slot went to another node.
    redis.on('moved', () => { this.#loseAll(link) })
    redis.on('end', () => {
      this.#links.delete(owner.name)
      this.#loseAll(link)
    })
    this.#heartbeat ??= setInterval(() => {
      for (const { redis } of this.#links.values()) redis.ping().catch(() => {})
    }, HEARTBEAT)
    return link
  }
}
