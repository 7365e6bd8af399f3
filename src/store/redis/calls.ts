import { CursorError, FullError, IdempotencyError, NotFoundError, StoreError } from '../../errors.js'
import { withDeadline } from '../with-deadline.js'
import { Budget } from './budget.js'
import { storeErrorFrom, type RedisClient } from './connection.js'
import type { Script } from './lua.js'

/** How many bytes may be in flight to Redis without a reply, per process; a command counts as `COMMAND` plus its text. */
const MAX_PENDING = 64 * 1024 * 1024
const COMMAND = 1024

/**
 * How many bytes may be in flight from Redis, per process: Redis keeps a reply in memory until it is taken, and carries out
 * whatever was sent at once before any of it is. A smaller reply than `SMALL` does not count.
 */
const MAX_REPLIES = 16 * 1024 * 1024
export const SMALL = 16 * 1024

const refusals: Record<string, new () => Error> = {
  gone: NotFoundError, full: FullError, cursor: CursorError, key: IdempotencyError
}

/** What is asked of Redis: each call has a deadline, and what is in flight is limited. */
export class Calls {
  readonly #client: RedisClient
  readonly #deadline: number
  readonly #reasonAway: () => Error | undefined
  readonly #replies = new Budget(MAX_REPLIES)
  #pending = 0
  #closed = false

  /**
   * @param deadline how long a call may take, in ms
   * @param reasonAway why there is no connection, if that is known
   */
  constructor (client: RedisClient, deadline: number, reasonAway: () => Error | undefined) {
    this.#client = client
    this.#deadline = deadline
    this.#reasonAway = reasonAway
  }

  get closed (): boolean {
    return this.#closed
  }

  /** Refuses all further calls. */
  close (): void {
    this.#closed = true
  }

  /**
   * Runs a script.
   * @param bytes of what is sent
   * @param replied bytes of the reply, if it may be large
   * @throws what the script's refusal stands for
   * @throws StoreError, StoreFullError
   * @throws BusyError if a large reply gets no room within the deadline; then nothing has been asked
   */
  async run<T>({ sha1, lua }: Script, keys: string[], args: (string | number)[], bytes = 0, replied = 0): Promise<T> {
    const evaluate = async (): Promise<unknown> => {
      try {
        return await this.#client.evalsha(sha1, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return await this.#client.eval(lua, keys.length, ...keys, ...args)
      }
    }
    const reply = replied > SMALL ? await this.#inTurn(replied, evaluate) : await this.ask(evaluate, bytes)
    const Refusal = typeof reply === 'string' ? refusals[reply] : undefined
    if (Refusal !== undefined) throw new Refusal()
    return reply as T
  }

  /**
   * Asks at once. Without a connection, or with too much in flight, it fails.
   * @throws StoreError, StoreFullError
   */
  async ask<T>(ask: () => Promise<T>, bytes = 0): Promise<T> {
    return await this.#inTime(this.#counted(ask, COMMAND + bytes))
  }

  async #inTurn<T>(bytes: number, ask: () => Promise<T>): Promise<T> {
    const giveBack = await this.#replies.take(bytes, this.#deadline)
    // A reply that comes too late still takes room in Redis.
    return await this.#inTime(this.#counted(ask, COMMAND).finally(giveBack))
  }

  /** Settled calls no longer count: at the latest, when the connection is dropped because it is silent. */
  async #counted<T>(ask: () => Promise<T>, cost: number): Promise<T> {
    if (this.#closed) throw new StoreError({ cause: new Error('The store is closed') })
    if (this.#client.status !== 'ready') throw storeErrorFrom(this.#reasonAway() ?? new Error('No connection'))
    if (this.#pending + cost > MAX_PENDING) throw new StoreError({ cause: new Error('Too much is in flight') })
    this.#pending += cost
    try {
      return await ask()
    } finally {
      this.#pending -= cost
    }
  }

  /** The reply within the deadline. */
  async #inTime<T>(reply: Promise<T>): Promise<T> {
    try {
      return await withDeadline(reply, this.#deadline)
    } catch (error) {
      throw storeErrorFrom(error)
    }
  }
}
