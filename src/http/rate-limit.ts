import { hash } from 'node:crypto'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { RateError } from '../errors.js'
import type { RateLimits } from '../options.js'
import type { SharedCounter } from '../store/store.js'
import { addressOf } from './address.js'
import { Condition } from './condition.js'
import { WindowCounter } from './window-counter.js'

/** What is counted: each kind has its own limit. */
export type Kind = 'creates' | 'stores' | 'reads'

const MINUTE = 60_000

/** Addresses that this process remembers by itself, per kind. */
const CACHE = 131_072

export interface Limiter {
  /** Counts the request and puts the rate-limit headers on its answer. @throws RateError */
  count (kind: Kind, request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Takes one of the address's places for open waiters; the returned function gives it back. @throws RateError */
  enter (request: FastifyRequest): () => void
  /** Who the boxes that the request creates count against, if anyone. */
  holder (request: FastifyRequest): string | undefined
}

/** The limiter of a server that limits nothing. */
export const unlimited: Limiter = {
  count: async () => {},
  enter: () => () => {},
  holder: () => undefined
}

/** The hooks that count a route's requests; none where nothing is limited. */
export function countedAs (limiter: Limiter, kind: Kind): onRequestAsyncHookHandler[] {
  return limiter === unlimited ? [] : [(request, reply) => limiter.count(kind, request, reply)]
}

/**
 * Limits by client address, IPv6 by its /64. Counts are shared by all processes where the store
 * has a counter, and this process's own while that counter does not answer.
 */
export function createLimiter (limits: RateLimits, shared: SharedCounter | undefined, log: FastifyBaseLogger): Limiter {
  const local = { creates: new WindowCounter(CACHE), stores: new WindowCounter(CACHE), reads: new WindowCounter(CACHE) }
  const waiters = new Map<string, number>()
  const away = new Condition(log, {
    level: 'warn', begins: 'The shared rate limit does not answer; this process counts for itself', ends: 'The shared rate limit answers again,'
  })

  async function increment (kind: Kind, address: string): Promise<{ current: number, ttl: number }> {
    if (shared !== undefined) {
      try {
        const count = await shared.increment(`${kind}:${address}`, MINUTE)
        away.notMet()
        return count
      } catch (error) {
        away.met(error)
      }
    }
    return await local[kind].increment(address, MINUTE)
  }

  return {
    async count (kind, request, reply) {
      const max = limits[kind]
      const { current: used, ttl } = await increment(kind, addressOf(request))
      const seconds = Math.max(1, Math.ceil(ttl / 1000))
      reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': Math.max(0, max - used), 'ratelimit-reset': seconds })
      if (used <= max) return
      reply.header('retry-after', seconds)
      throw new RateError()
    },

    holder: request => holderOf(addressOf(request)),

    enter (request) {
      const key = addressOf(request)
      const open = waiters.get(key) ?? 0
      if (open >= limits.waiters) throw new RateError()
      waiters.set(key, open + 1)
      let left = false
      return () => {
        if (left) return
        left = true
        const now = (waiters.get(key) ?? 1) - 1
        if (now === 0) waiters.delete(key)
        else waiters.set(key, now)
      }
    }
  }
}

/** Characters of a holder's name: 48 bits. Two addresses that share a name share their bounds, no more. */
const HOLDER = 8

/** A client address as stores know it, so that none of them keeps the address itself. */
function holderOf (address: string): string {
  return hash('sha256', `signalbox holder v1\0${address}`, 'base64url').slice(0, HOLDER)
}
