import fastifyRateLimit, { type RateLimitOptions, normalizeIP } from '@fastify/rate-limit'
import Fastify, { type FastifyReply, type FastifyRequest, type onRequestAsyncHookHandler } from 'fastify'
import { RateError } from '../errors.js'
import type { RateLimits } from '../options.js'
import type { SharedCounter } from '../store/store.js'

/** What is counted: each kind has its own limit. */
export type Kind = 'creates' | 'stores' | 'reads'

const MINUTE = 60_000

/**
 * Addresses remembered per kind. Those seen least lately are forgotten first, so a limited
 * address that tries on stays limited whatever number of others come by.
 */
const CACHE = 131_072

export interface Limiter {
  /** Counts the request and puts the rate-limit headers on its answer. @throws RateError */
  count (kind: Kind, request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Takes one of the address's places for open waiters; the returned function gives it back. @throws RateError */
  enter (request: FastifyRequest): () => void
}

/** The limiter of a server that limits nothing. */
export const unlimited: Limiter = {
  count: async () => {},
  enter: () => () => {}
}

/** The hooks that count a route's requests; none where nothing is limited. */
export function countedAs (limiter: Limiter, kind: Kind): onRequestAsyncHookHandler[] {
  return limiter === unlimited ? [] : [(request, reply) => limiter.count(kind, request, reply)]
}

interface Count {
  max: number
  current: number
  /** ms left of the window */
  ttl: number
}

/**
 * Limits by client address, IPv6 by its /64. Counts are shared by all processes where the store
 * has a counter, and this process's own while that counter does not answer.
 */
export async function createLimiter (limits: RateLimits, shared: SharedCounter | undefined): Promise<Limiter> {
  const local = await localCounters(limits)
  const waiters = new Map<string, number>()

  async function current (kind: Kind, request: FastifyRequest): Promise<Count> {
    if (shared !== undefined) {
      try {
        return { max: limits[kind], ...await shared.increment(`${kind}:${normalizeIP(request.ip)}`, MINUTE) }
      } catch (error) {
        request.log.warn({ err: error }, 'The shared rate limit does not answer; this process counts for itself')
      }
    }
    return await local[kind](request)
  }

  return {
    async count (kind, request, reply) {
      const { max, current: used, ttl } = await current(kind, request)
      const seconds = Math.max(1, Math.ceil(ttl / 1000))
      reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': Math.max(0, max - used), 'ratelimit-reset': seconds })
      if (used <= max) return
      reply.header('retry-after', seconds)
      throw new RateError()
    },

    enter (request) {
      const key = normalizeIP(request.ip)
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

/**
 * The plugin decorates its instance by fixed names, and in a host that has it already it would
 * hand out the host's limiter with the host's settings. So it lives on an instance of its own
 * that serves nothing.
 */
async function localCounters (limits: RateLimits): Promise<Record<Kind, (request: FastifyRequest) => Promise<Count>>> {
  const instance = Fastify()
  await instance.register(fastifyRateLimit, { global: false })
  const counter = (kind: Kind) => {
    const max = limits[kind]
    const options: RateLimitOptions = { max, timeWindow: MINUTE, cache: CACHE }
    const check = instance.createRateLimit(options)
    return async (request: FastifyRequest): Promise<Count> => {
      const result = await check(request)
      if (result.isAllowed) return { max, current: 0, ttl: 0 }
      return { max, current: result.isExceeded ? max + 1 : max - result.remaining, ttl: result.ttl }
    }
  }
  return { creates: counter('creates'), stores: counter('stores'), reads: counter('reads') }
}
