import type { Cluster, Redis } from 'ioredis'
import { HeldError, NotFoundError, StoreError, StoreFullError } from '../../errors.js'
import { loadOptional } from '../../optional.js'
import { Calls, SMALL } from './calls.js'
import { checkDatabase, checkGiven, connect, isCluster, logRisks, makeClient, parseUrls, watchConnection, type Driver, type RedisClient } from './connection.js'
import { Holders, NOTHING, type OnRecord, type Report } from './holders.js'
import { resolveRedisOptions, type Log, type RedisStoreOptions } from './options.js'
import { CREATE, OPEN, scripts } from './scripts.js'
import { Wakeups, type Owner } from './wakeups.js'
import type { Appended, Drained, Held, Limits, NewMessage, Opened, Page, SharedCounter, Store, Unsubscribe } from '../store.js'
import { withDeadline } from '../with-deadline.js'

/** How long a request about a client address may take, in ms: after that, it is better to continue without the reply. */
const ADDRESS_DEADLINE = 500

/** What an append may use if its holder has no bounds. */
const NO_BOUNDS: OnRecord = [-1, 0]

/** How often an append requests a grant if other appends to the same box use it up. */
const MAX_GRANTS = 10

/** How often an open tries again if the box that it found is deleted in the meantime. */
const MAX_OPENS = 5

/** What `create` replies when it has created a box. */
type Created = [1, lowered: number, before?: string]
/** What a record is told of it. */
type NewBox = [holder: string | undefined, deadline: number, units: number, lowered: number]

/** What a script that returns messages replies. */
type PageReply = [next: number, expires: number, texts: string[], keep: number, report?: Report]
/** What it replies instead if they are larger than was asked for. */
type Needs = ['needs', size: number, report?: Report]

/**
 * Opens a store for several processes and machines: Redis 7 or Valkey, a single node or Cluster. Requires the
 * package `ioredis`.
 *
 * It is as durable as the server's append-only file is configured to be, and as large as its `maxmemory`;
 * `maxStoreBytes` is ignored. After a `StoreError`, the operation may still have been carried out, and only its
 * reply lost: append again with the same key.
 *
 * Resolves when connected. If Redis is unavailable, it resolves after the deadline anyway, rejects
 * operations with `StoreError`, and serves as soon as Redis is available.
 *
 * @throws TypeError if an option is invalid
 * @throws Error if `ioredis` is missing, or Redis is available and the database of the URL does not exist
 */
export async function redisStore (options: RedisStoreOptions = {}): Promise<Store> {
  const { url, prefix, deadline, log } = resolveRedisOptions(options)
  if (options.client !== undefined) checkGiven(options.client as RedisClient)
  const driver: Driver = await loadOptional('The Redis store', () => import('ioredis'))
  const own = options.client === undefined
  const client = own ? makeClient(driver, parseUrls(url), deadline) : options.client as RedisClient
  const reasonAway = own ? watchConnection(client, log) : () => undefined
  await connect(client, deadline)
  if (own) await checkDatabase(client, deadline)
  if (client.status === 'ready') await withDeadline(logRisks(client, log), deadline).catch(() => {})
  const slotOf = (key: string): number => new driver.Command('get', [key]).getSlot()
  return new RedisStore(client, new Calls(client, deadline, reasonAway), own, prefix, deadline, slotOf, log)
}

class RedisStore implements Store {
  readonly name = 'redis'
  readonly counter: SharedCounter
  readonly #client: RedisClient
  readonly #calls: Calls
  readonly #own: boolean
  readonly #prefix: string
  readonly #deadline: number
  readonly #wakeups: Wakeups
  readonly #holders: Holders
  #closing: Promise<void> | undefined

  constructor (client: RedisClient, calls: Calls, own: boolean, prefix: string, deadline: number, slotOf: (key: string) => number, log: Log) {
    this.#client = client
    this.#calls = calls
    this.#own = own
    this.#prefix = prefix
    this.#deadline = deadline
    this.#wakeups = new Wakeups({
      channelOf: drop => `${prefix}{${drop}}`,
      dropOf: channel => channel.slice(channel.lastIndexOf('{') + 1, -1),
      ownerOf: channel => isCluster(client) ? ownerIn(client, slotOf(channel)) : { name: '', node: client },
      refresh: () => { if (isCluster(client)) client.refreshSlotsCache() },
      deadline
    })
    this.#holders = new Holders((script, keys, args) => withDeadline(this.#calls.run(script, keys, args), Math.min(deadline, ADDRESS_DEADLINE)), prefix, log)
    this.counter = {
      increment: async (key, window) => {
        const count = this.#calls.run<[number, number]>(scripts.increment, [`${prefix}rate:${key}`], [window])
        const [current, ttl] = await withDeadline(count, Math.min(deadline, ADDRESS_DEADLINE))
        return { current, ttl }
      }
    }
  }

  async create (drop: string, ttl: number, now: number, { held }: Limits, holder?: string, keep?: number): Promise<void> {
    if (holder !== undefined) await this.#holders.admit(holder, drop, now + ttl, now, held)
    const created = this.#calls.run<Created>(scripts.create, this.#keys(drop), [now, ttl, holder ?? '', CREATE, keep ?? '', 0])
    const [, lowered, before] = await created.catch(async (error: unknown) => {
      await this.#holders.forget(drop, holder)
      throw error
    })
    await this.#replaced(drop, before, before === holder, [holder, now + ttl, 0, lowered], now)
  }

  /**
   * A new box takes as many round trips as with `create`. One that exists after all takes more: its opener is admitted
   * first, and forgotten. In between, another process may create or delete it.
   */
  async open (drop: string, ttl: number, now: number, { held }: Limits, holder?: string, keep?: number): Promise<Opened> {
    for (let attempts = 0; attempts < MAX_OPENS; attempts++) {
      const created = await this.#tryToCreate(drop, ttl, now, held, holder, keep).catch(async (error: unknown) => {
        if (!(error instanceof HeldError)) throw error
        const existing = await this.#find(drop, now)
        if (existing === undefined) throw error
        return existing
      }) ?? await this.#find(drop, now)
      if (created !== undefined) return created
    }
    throw new StoreError({ cause: new Error(`The box was deleted ${MAX_OPENS} times while it was opened`) })
  }

  /** @returns undefined if the box exists */
  async #tryToCreate (drop: string, ttl: number, now: number, held: Held | undefined, holder?: string, keep?: number): Promise<Opened | undefined> {
    const known = holder === undefined ? undefined : await this.#holders.admitOnce(holder, drop, now + ttl, now, held)
    const opened = this.#calls.run<Created | [0, string?]>(scripts.create, this.#keys(drop), [now, ttl, holder ?? '', OPEN, keep ?? '', known ?? 0])
    const reply = await opened.catch(async (error: unknown) => {
      // If only the reply was lost, the box exists, and its opener knows its address.
      if (error instanceof StoreFullError) await this.#holders.forget(drop, holder)
      throw error
    })
    if (reply[0] === 0) {
      if (reply[1] !== holder) await this.#holders.forget(drop, holder)
      return undefined
    }
    const [, lowered, before] = reply
    await this.#replaced(drop, before, known !== undefined || before === holder, [holder, now + ttl, 0, lowered], now)
    return { created: true, expires: now + ttl }
  }

  async #find (drop: string, now: number): Promise<Opened | undefined> {
    try {
      const { expires } = await this.read(drop, 0, 0, now)
      return { created: false, expires }
    } catch (error) {
      if (error instanceof NotFoundError) return undefined
      throw error
    }
  }

  /** Tells the record that nothing is left of what was granted to a box before under this address. */
  async #replaced (drop: string, before: string | undefined, isKnown: boolean, [holder, ...has]: NewBox, now: number): Promise<void> {
    if (before !== holder) await this.#holders.forget(drop, before)
    if (holder !== undefined && isKnown) await this.#holders.report(drop, [holder, ...has], now)
  }

  async append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended> {
    const { text, bytes, key } = message
    let [granted, lowered] = limits.held === undefined ? NO_BOUNDS : NOTHING
    let requested = 0
    let asked: Report | undefined
    const forget = async (): Promise<void> => {
      if (asked !== undefined) await this.#holders.forget(drop, asked[0], { deadline: asked[1], lowered: asked[3] })
    }
    for (let grants = 0; grants <= MAX_GRANTS; grants++) {
      const appended = this.#calls.run<[number, number, Report?] | ['grant', e: number, ...Report]>(scripts.append, this.#keys(drop),
        [now, limits.maxMessages, limits.maxBoxBytes, text, bytes, key?.id ?? '', key?.digest ?? '', granted, lowered, requested], bytes)
      const reply = await appended.catch(async (error: unknown) => {
        // The grant has recorded a box that was deleted in the meantime.
        if (error instanceof NotFoundError) await forget()
        throw error
      })
      if (reply[0] !== 'grant') {
        const [seq, count, report] = reply
        await this.#holders.report(drop, report, now)
        return { seq, count }
      }
      const [, e, ...need] = reply
      requested = e
      // The box that asked before was deleted, and another one is now under its address.
      if (asked !== undefined && asked[0] !== need[0]) await forget()
      asked = need
      // A quarter more, so that a box that fills up asks only a few times; and more each time that other appends are faster.
      const spare = Math.floor(need[2] / 4) + 2 ** grants - 1
      ;[granted, lowered] = await this.#holders.grant(need, spare, drop, now, limits.held as Held)
    }
    throw new StoreError({ cause: new Error(`Other appends used up ${MAX_GRANTS + 1} grants to the box`) })
  }

  async read (drop: string, after: number, limit: number, now: number): Promise<Page> {
    for (let most = SMALL; ;) {
      const reply = await this.#calls.run<PageReply | Needs>(scripts.read, this.#keys(drop), [now, after, limit, most], 0, most)
      if (reply[0] !== 'needs') return await this.#page(drop, now, reply)
      const [, needs, report] = reply
      await this.#holders.report(drop, report, now)
      // The box may receive more in the meantime.
      most = needs + SMALL
    }
  }

  async acknowledge (drop: string, after: number, now: number): Promise<number> {
    const [left, report] = await this.#calls.run<[number, Report?]>(scripts.acknowledge, this.#keys(drop), [now, after])
    await this.#holders.report(drop, report, now)
    return left
  }

  async drain (drop: string, now: number, most = Infinity): Promise<Drained> {
    for (let asked = Math.min(SMALL, most); ;) {
      const reply = await this.#calls.run<PageReply | Needs>(scripts.drain, this.#keys(drop), [now, asked], 0, asked)
      if (reply[0] !== 'needs') return await this.#page(drop, now, reply)
      const [, needs, report] = reply
      await this.#holders.report(drop, report, now)
      if (needs > most) return { needs }
      asked = Math.min(needs + SMALL, most)
    }
  }

  async delete (drop: string, now: number): Promise<void> {
    const [holder, deadline, lowered] = await this.#calls.run<[string | null, number, number]>(scripts.remove, this.#keys(drop), [now])
    await this.#holders.forget(drop, holder ?? undefined, { deadline, lowered })
  }

  async subscribe (drop: string, listener: () => void): Promise<Unsubscribe> {
    return await this.#wakeups.subscribe(drop, listener)
  }

  /** Nothing to do: Redis itself frees the space of expired boxes. */
  async sweep (): Promise<number> {
    if (this.#calls.closed) throw new StoreError()
    return 0
  }

  /** In a Cluster, one responding node is enough: a failover of one node must not take every server out of service. */
  async check (): Promise<void> {
    const client = this.#client
    await this.#calls.ask<unknown>(() => isCluster(client) ? Promise.any(client.nodes('master').map(node => node.ping())) : client.ping())
  }

  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    this.#calls.close()
    this.#wakeups.close()
    if (!this.#own) return
    // The reply to QUIT comes after those to everything sent before it.
    if (this.#client.status === 'ready') await withDeadline(this.#client.quit(), this.#deadline).catch(() => {})
    this.#client.disconnect()
  }

  async #page (drop: string, now: number, [next, expires, texts, keep, report]: PageReply): Promise<Page> {
    await this.#holders.report(drop, report, now)
    return { texts, next, expires, ...keep > 0 && { keep } }
  }

  #keys (drop: string): string[] {
    const box = `${this.#prefix}{${drop}}`
    return [box, `${box}:m`]
  }
}

function ownerIn (cluster: Cluster, slot: number): Owner | undefined {
  const name = cluster.slots[slot]?.[0]
  const node = cluster.nodes().find(({ options: { host, port } }: Redis) => `${host}:${port}` === name)
  return name === undefined || node === undefined ? undefined : { name, node }
}
