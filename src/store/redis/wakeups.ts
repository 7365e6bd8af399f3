import type { Redis } from 'ioredis'
import { StoreError } from '../../errors.js'
import { storeErrorFrom } from './connection.js'
import type { Unsubscribe } from '../store.js'
import { Subscribers } from '../subscribers.js'
import { withDeadline } from '../with-deadline.js'

/** How long after a loss subscriptions are retried, and how often a quiet connection is checked, in ms. */
const REPAIR = 250
const HEARTBEAT = 5_000

/** The node that owns a channel, as far as the client knows, under a unique name. */
export interface Owner {
  name: string
  node: Redis
}

interface WakeupOptions {
  channelOf: (drop: string) => string
  dropOf: (channel: string) => string
  /** undefined while no owner of the channel is known */
  ownerOf: (channel: string) => Owner | undefined
  /** makes the client refresh its slot map */
  refresh: () => void
  deadline: number
}

/** A connection for subscriptions only; `opened` rejects if it cannot be established. */
interface Link {
  redis: Redis
  opened: Promise<void>
}

/** The subscription to a box with listeners. Without `confirmed`, it was lost and must be renewed. */
interface Subscription {
  link?: Link | undefined
  confirmed?: Promise<void> | undefined
  lost: boolean
}

/**
 * Wake-ups from any process, by sharded publish/subscribe: one connection per node that owns a channel with
 * listeners in this process. A lost subscription is renewed, and its listeners are then called, since something
 * may have happened in between.
 */
export class Wakeups {
  readonly #options: WakeupOptions
  readonly #subscribers = new Subscribers()
  readonly #subscriptions = new Map<string, Subscription>()
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
      await withDeadline(this.#ensure(drop), this.#options.deadline)
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
    this.#subscriptions.clear()
  }

  #ensure (drop: string): Promise<void> {
    let subscription = this.#subscriptions.get(drop)
    if (subscription === undefined) this.#subscriptions.set(drop, subscription = { lost: false })
    if (subscription.confirmed === undefined) {
      subscription.confirmed = this.#confirm(drop, subscription)
      // Runs in a later turn, so that it overrides what is set here.
      subscription.confirmed.catch(() => { this.#lose(drop, subscription) })
    }
    return subscription.confirmed
  }

  async #confirm (drop: string, subscription: Subscription): Promise<void> {
    const channel = this.#options.channelOf(drop)
    const link = subscription.link = this.#linkTo(channel)
    await link.opened
    // A listener that has left is not subscribed: nobody would ever unsubscribe it.
    if (this.#subscriptions.get(drop) !== subscription || subscription.link !== link) throw new StoreError()
    await link.redis.ssubscribe(channel)
    // Confirmed, and lost again before this ran.
    if (subscription.link !== link) throw new StoreError()
    if (subscription.lost) this.#subscribers.wake(drop)
    subscription.lost = false
  }

  #leave (drop: string): void {
    const subscription = this.#subscriptions.get(drop)
    if (subscription === undefined || this.#subscribers.has(drop)) return
    this.#subscriptions.delete(drop)
    const redis = subscription.link?.redis
    if (redis?.status === 'ready') redis.sunsubscribe(this.#options.channelOf(drop)).catch(() => {})
  }

  #lose (drop: string, subscription: Subscription): void {
    subscription.confirmed = subscription.link = undefined
    subscription.lost = true
    if (this.#closed || this.#subscriptions.get(drop) !== subscription) return
    this.#repair ??= setTimeout(() => {
      this.#repair = undefined
      this.#options.refresh()
      for (const drop of this.#subscriptions.keys()) this.#ensure(drop).catch(() => {})
    }, REPAIR)
  }

  #loseAll (link: Link): void {
    for (const [drop, subscription] of this.#subscriptions) {
      if (subscription.link === link) this.#lose(drop, subscription)
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
    // The channel's slot moved to another node.
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
