import { hash } from 'node:crypto'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { Condition } from '../condition.js'
import { RateError } from '../errors.js'
import type { RateLimits } from '../options.js'
import type { SharedCounter } from '../store/store.js'
import { Tally } from '../tally.js'
import { addressOf } from './address.js'
import { WindowCounter } from './window-counter.js'

/** The kinds of requests, each with its own limit. */
export type Kind = 'creates' | 'stores' | 'reads' | 'files'

const MINUTE = 60_000

/** How many addresses this process remembers per kind. */
const CACHE = 131_072

export interface Limiter {
  /** Counts the request, or as many as it stands for, and adds the rate-limit headers to its response. @throws RateError */
  count (kind: Kind, request: FastifyRequest, reply: FastifyReply, times?: number): Promise<void>
  /** Takes one of the address's places for waiters; the returned function gives it back. @throws RateError */
  enter (request: FastifyRequest): () => void
  /** The holder whose limits the boxes of this request count against, if any. */
  holder (request: FastifyRequest): string | undefined
}

/** A limiter without limits. */
export const unlimited: Limiter = {
  count: async () => {},
  enter: () => () => {},
  holder: () => undefined
}

/** The limiter for the option `rateLimit`. */
export function limiterFor (limits: RateLimits | false, shared: SharedCounter | undefined, log: FastifyBaseLogger): Limiter {
  return limits === false ? unlimited : createLimiter(limits, shared, log)
}

/** The hooks that count a route's requests; none without limits. */
export function countedAs (limiter: Limiter, kind: Kind): onRequestAsyncHookHandler[] {
  return limiter === unlimited ? [] : [(request, reply) => limiter.count(kind, request, reply)]
}

/**
 * Limits per client address (IPv6: per /64 network). All processes share the counts if the store has a
 * counter; while it does not respond, each process counts on its own. Files cost only the process that serves
 * them, so their counts are not shared.
 */
export function createLimiter (limits: RateLimits, shared: SharedCounter | undefined, log: FastifyBaseLogger): Limiter {
  const local = { creates: new WindowCounter(CACHE), stores: new WindowCounter(CACHE), reads: new WindowCounter(CACHE), files: new WindowCounter(CACHE) }
  const waiters = new Tally()
  const away = new Condition(log, {
    level: 'warn', begins: 'The shared rate limit is not responding; this process counts on its own', ends: 'The shared rate limit is responding again,'
  })

  async function increment (kind: Kind, address: string): Promise<{ current: number, ttl: number }> {
    if (shared !== undefined && kind !== 'files') {
      try {
        const count = await shared.increment(`${kind}:${holderOf(address)}`, MINUTE)
        away.notMet()
        return count
      } catch (error) {
        away.met(error)
      }
    }
    return await local[kind].increment(address, MINUTE)
  }

  return {
    async count (kind, request, reply, times = 1) {
      const max = limits[kind]
      const address = addressOf(request)
      const { current, ttl } = await increment(kind, address)
      const others = await Promise.all(Array.from({ length: times - 1 }, () => increment(kind, address)))
      const used = Math.max(current, ...others.map(({ current }) => current))
      const seconds = Math.max(1, Math.ceil(ttl / 1000))
      reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': Math.max(0, max - used), 'ratelimit-reset': seconds })
      if (used <= max) return
      reply.header('retry-after', seconds)
      throw new RateError()
    },

    holder: request => holderOf(addressOf(request)),

    enter (request) {
      const key = addressOf(request)
      if (waiters.of(key) >= limits.waiters) throw new RateError()
      waiters.add(key, 1)
      let left = false
      return () => {
        if (left) return
        left = true
        waiters.add(key, -1)
      }
    }
  }
}

/** The length of a holder's name: 48 bits. Two addresses with the same name merely share their limits. */
const HOLDER = 8

/**
 * A client address as stores and TURN servers see it: a short hash. It hides the address from casual inspection, but not from
 * someone who tries every address.
 */
export function holderOf (address: string): string {
  return hash('sha256', `signalbox holder v1\0${address}`, 'base64url').slice(0, HOLDER)
}
