import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Condition } from '../condition.js'
import { BusyError } from '../errors.js'
import type { Drained, Page } from '../store/store.js'
import { addressOf } from './address.js'
import { PendingResponse, isSent } from './pending-response.js'
import { inTurn, isWaiting } from './pipeline.js'
import { pageSize, pageSpace } from './responses.js'
import { inPieces, PIECE, UNDER_WAY } from './pieces.js'
import { Reservations } from './reservations.js'
import { Unsent } from './unsent.js'

export interface OutgoingLimits {
  /** unsent bytes per client address, over all its connections */
  perAddress: number
  /** unsent bytes in total */
  total: number
  /** how long a response may make no progress, in seconds */
  stallTimeout: number
}

const MIB = 1024 * 1024
export const outgoingLimits: OutgoingLimits = { perAddress: 16 * MIB, total: 64 * MIB, stallTimeout: 10 }

/** How often pending responses are checked, in ms; also the unit of their clock. */
const TICK = 1000

/** After this many ticks without progress, a response gives way to others. */
const STALE = 2

/**
 * The responses that have not been fully sent. One that makes no progress is cut off, and their memory is
 * limited per client address and in total: a new response is refused before it is built, and pending ones give
 * way, starting with the one that has gone longest without progress.
 *
 * A response that the kernel takes at once, as nearly all are, is not tracked.
 */
export class Outgoing {
  readonly #full: Condition
  readonly #account: Unsent
  readonly #reservations: Reservations
  /** how many ticks a response may make no progress */
  readonly #stallTicks: number
  readonly #responses = new WeakMap<FastifyReply['raw'], PendingResponse>()
  /** the largest response that any registration can have, in bytes */
  #largest = 0
  #now = 0
  #ticker: NodeJS.Timeout | undefined
  /** what was sent or written in this turn */
  #replies: FastifyReply[] = []
  readonly #written = new Set<PendingResponse>()

  /** @param now in ms, on a monotonic clock */
  constructor (log: FastifyBaseLogger, limits: OutgoingLimits = outgoingLimits, now?: () => number) {
    this.#account = new Unsent(limits)
    this.#reservations = new Reservations(this.#account, {
      hasSpace: (address, bytes) => this.#hasSpace(address, bytes),
      busy: () => this.#busy(),
      patience: limits.stallTimeout * 1000
    })
    this.#stallTicks = limits.stallTimeout * 1000 / TICK
    this.#full = new Condition(log, { level: 'warn', begins: 'Too much data is unsent; responses are refused or cut off', ends: 'Unsent data is within its limits again,' }, now)
  }

  /** Raises the limits if they are lower than the largest possible response. */
  allow (bytes: number): void {
    this.#largest = Math.max(this.#largest, bytes)
    this.#account.allow(bytes)
  }

  /** The unsent bytes of all clients. */
  get unsent (): { responses: number, bytes: number } {
    return { responses: this.#account.responses, bytes: this.#account.bytes }
  }

  /** A response that is held open from now on. */
  open (request: FastifyRequest, reply: FastifyReply): PendingResponse {
    const known = this.#responses.get(reply.raw)
    if (known !== undefined) return known
    const response = new PendingResponse(request, reply, addressOf(request), this.#onWrite, this.#forget)
    this.#responses.set(reply.raw, response)
    return response
  }

  /**
   * Admits a response of this size, which counts from now on. A small one is counted only if its client does
   * not take it at once. A response to a HEAD request counts until its length is known.
   * @throws BusyError if there are too many unsent bytes for its address or in total
   */
  admit (request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    if (bytes <= PIECE) return
    const response = this.open(request, reply)
    if (!this.#hasSpace(response.address, bytes + UNDER_WAY)) throw this.#busy()
    this.#set(response, bytes + UNDER_WAY)
  }

  /** Counts a response that can no longer be refused; others give way to it. */
  count (request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    if (bytes <= PIECE) return
    const response = this.open(request, reply)
    this.#set(response, bytes + UNDER_WAY)
    this.#makeWay(response)
  }

  /**
   * Drains a box. Room for the messages is reserved first, so that the response never has to give way: it is cut
   * off only if it makes no progress. Most boxes are small, and a larger one says how much room it needs.
   * @param take drains the box, unless the page would be larger than this many bytes
   * @throws BusyError if there is no room; the messages are then still in the box
   */
  async drain (request: FastifyRequest, reply: FastifyReply, take: (most: number) => Promise<Drained>): Promise<Page> {
    const response = this.open(request, reply)
    await response.settled()
    for (let most = PIECE; ;) {
      // A box that was filled under higher limits must not ask for more room than there can be.
      const space = Math.min(pageSpace(most), this.#largest)
      const wait = this.#reservations.take(response, space)
      // Without an await in the usual case, since every drain passes here.
      if (wait !== undefined) await wait
      let drained: Drained
      try {
        drained = await take(most)
      } finally {
        this.#reservations.release(response, space)
      }
      if (!('needs' in drained)) {
        response.keep()
        this.count(request, reply, pageSize(drained))
        return drained
      }
      // The box may receive more in the meantime. If that was too much, this takes whatever there is.
      most = most === PIECE ? drained.needs + PIECE : Infinity
    }
  }

  /**
   * Watches every response of the scope, unless a scope above it is already watched. Each begins when the one
   * ahead of it on its connection is sent.
   */
  watch (scope: FastifyInstance): void {
    if (scope.hasDecorator(WATCHED)) return
    scope.decorate(WATCHED, true)
    // Hooks on the hot path use callbacks, which avoids a promise.
    scope.addHook('onRequest', (request, reply, done) => { inTurn(request, reply, done) })
    scope.addHook<unknown>('onSend', (request, reply, payload, done) => {
      if (hasNoBody(request)) {
        // It was built only for its length.
        const built = this.#responses.get(reply.raw)
        if (built !== undefined) this.#forget(built)
        return done(null, payload)
      }
      if (payload === null || payload === undefined) return done(null, payload)
      this.follow(reply)
      if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) {
        this.open(request, reply).hold(UNDER_WAY)
        return done(null, payload)
      }
      if (payload.length <= PIECE) return done(null, payload)
      // A string would take two bytes for each character if a single one is not of Latin-1.
      const body = typeof payload === 'string' ? Buffer.from(payload) : payload
      const bytes = body.length
      const known = this.#responses.get(reply.raw)
      try {
        if (known !== undefined && (known.drained || this.#account.bytesOf(known) > 0)) this.count(request, reply, bytes)
        else this.admit(request, reply, bytes)
      } catch (error) {
        return done(error as Error)
      }
      // The whole text stays in memory until all of it is sent.
      this.open(request, reply).hold(bytes)
      reply.header('content-length', bytes)
      done(null, inPieces(body))
    })
    scope.addHook('onClose', async () => { clearInterval(this.#ticker) })
  }

  /** Tracks a response from the end of this turn, unless the kernel has taken it by then. */
  follow (reply: FastifyReply): void {
    // A hook of the host may reply before its turn.
    if (isWaiting(reply.raw)) {
      reply.raw.once('socket', () => { this.follow(reply) })
      return
    }
    this.#replies.push(reply)
    if (this.#replies.length === 1) this.#endTurnSoon()
  }

  readonly #endTurn = (): void => {
    const replies = this.#replies
    this.#replies = []
    for (const reply of replies) if (!isSent(reply.raw)) this.#recount(this.open(reply.request, reply))
    for (const response of this.#written) this.#recount(response)
    this.#written.clear()
  }

  #endTurnSoon (): void {
    setImmediate(this.#endTurn)
  }

  readonly #onWrite = (response: PendingResponse): void => {
    if (this.#written.size === 0) this.#endTurnSoon()
    this.#written.add(response)
  }

  #recount (response: PendingResponse): void {
    this.#set(response, response.unsent)
    this.#makeWay(response)
  }

  #set (response: PendingResponse, bytes: number): void {
    this.#account.count(response, response.over ? 0 : bytes, this.#now)
    this.#tickWhileNeeded()
  }

  /** The end of the condition must be noticed even if nothing is unsent any more. */
  #tickWhileNeeded (): void {
    if (this.#account.responses > 0 || this.#full.isMet) {
      this.#ticker ??= setInterval(this.#tick, TICK)
    } else {
      clearInterval(this.#ticker)
      this.#ticker = undefined
    }
  }

  readonly #forget = (response: PendingResponse): void => {
    this.#set(response, 0)
    this.#written.delete(response)
  }

  /** Whether there is room for this much more, after stale responses have given way. */
  #hasSpace (address: string, more: number): boolean {
    for (;;) {
      const lack = this.#account.lackWithReserved(address, more)
      if (lack === undefined) return true
      const first = this.#account.first(lack, address)
      if (first === undefined || this.#idle(first) < STALE) return false
      this.#cut(first)
    }
  }

  /** Makes others give way, stale or not. */
  #makeWay (response: PendingResponse): void {
    for (;;) {
      const lack = this.#account.lack(response.address)
      if (lack === undefined) return
      this.#full.met(new BusyError())
      const first = this.#account.first(lack, response.address)
      if (first === undefined) return
      this.#cut(first)
    }
  }

  /** The ticks since the response made progress. */
  #idle (response: PendingResponse): number {
    return this.#now - (this.#account.since(response) ?? this.#now)
  }

  #busy (): Error {
    const error = new BusyError()
    this.#full.met(error)
    this.#tickWhileNeeded()
    return error
  }

  #cut (response: PendingResponse): void {
    this.#forget(response)
    response.cut()
  }

  readonly #tick = (): void => {
    this.#now++
    this.#full.notMet()
    for (const response of this.#account.list()) {
      if (response.begun) this.#set(response, response.unsent)
      const bytes = this.#account.bytesOf(response)
      if (bytes === 0) continue
      if (response.hasProgressed() || response.backlog === 0) this.#account.progress(response, this.#now)
      else if (this.#idle(response) >= this.#stallTicks) this.#cut(response)
    }
    this.#tickWhileNeeded()
  }
}

/** Marks a watched scope, and all scopes below it. */
const WATCHED: unique symbol = Symbol('watched')

/** A HEAD request gets the headers of a response, and none of its bytes. */
function hasNoBody ({ method }: FastifyRequest): boolean {
  return method === 'HEAD'
}
