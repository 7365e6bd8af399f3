import { Readable } from 'node:stream'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusyError } from '../errors.js'
import { addressOf } from './address.js'
import { Answer, endOfPiece, isSent, PIECE } from './answer.js'
import { Condition } from './condition.js'

export interface OutgoingLimits {
  /** unsent bytes per client address, over all its connections */
  perAddress: number
  /** unsent bytes in total */
  total: number
  /** how long a response may make no progress, in seconds */
  patience: number
}

const MIB = 1024 * 1024
export const outgoingLimits: OutgoingLimits = { perAddress: 16 * MIB, total: 64 * MIB, patience: 10 }

/** How often pending responses are checked, in ms; also the unit of their clock. */
const TICK = 1000

/** After this many ticks without progress, a response gives way to others. */
const STALE = 2

/**
 * The responses that have not been fully sent. A response that makes no progress is cut off, and the memory
 * they take is limited per client address and in total: a new response is refused before it is built, and
 * pending ones give way, the longest without progress first.
 *
 * A response that the kernel takes at once, as nearly all are, is not tracked.
 */
export class Outgoing {
  readonly #full: Condition
  #limits: OutgoingLimits
  /** those with unsent bytes; the longest without progress come first */
  readonly #unsent = new Set<Answer>()
  readonly #answers = new WeakMap<FastifyReply['raw'], Answer>()
  readonly #perAddress = new Map<string, number>()
  #total = 0
  #now = 0
  #ticker: NodeJS.Timeout | undefined
  /** what was sent and written in this turn */
  #replies: FastifyReply[] = []
  readonly #written = new Set<Answer>()

  constructor (log: FastifyBaseLogger, limits: OutgoingLimits = outgoingLimits) {
    this.#limits = limits
    this.#full = new Condition(log, { level: 'warn', begins: 'Too much is unsent; answers are refused or cut', ends: 'Less is unsent again,' })
  }

  /** Raises the limits if they are lower than the largest possible response. */
  allow (bytes: number): void {
    const { perAddress, total, patience } = this.#limits
    this.#limits = { perAddress: Math.max(perAddress, bytes), total: Math.max(total, bytes), patience }
  }

  /** The unsent bytes of all clients. */
  get unsent (): { answers: number, bytes: number } {
    return { answers: this.#unsent.size, bytes: this.#total }
  }

  /** A response that is held open from now on. */
  open (request: FastifyRequest, reply: FastifyReply): Answer {
    const known = this.#answers.get(reply.raw)
    if (known !== undefined) return known
    const answer = new Answer(request, reply, addressOf(request), this.#onWrite, this.#forget)
    this.#answers.set(reply.raw, answer)
    return answer
  }

  /**
   * Admits a response of this size, which counts from now on. A small one is counted only if its client does
   * not take it at once.
   * @throws BusyError if there are too many unsent bytes for its address or in total
   */
  admit (request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    if (bytes <= PIECE) return
    const answer = this.open(request, reply)
    this.#set(answer, bytes)
    while (this.#isOver(answer.address)) {
      const longest = this.#longest(answer.address)
      if (this.#now - longest.since < STALE) {
        this.#forget(answer)
        throw this.#busy()
      }
      this.#cut(longest)
    }
  }

  /** Counts a response that can no longer be refused; others give way to it. */
  count (request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    if (bytes <= PIECE) return
    const answer = this.open(request, reply)
    this.#set(answer, bytes)
    this.#makeWay(answer)
  }

  /**
   * For operations that must be refused before the size of the response is known.
   * @throws BusyError if a response of this size would be too much
   */
  refuseAhead (request: FastifyRequest, bytes: number): void {
    if (this.#total === 0) return
    const ofAddress = this.#perAddress.get(addressOf(request)) ?? 0
    if (this.#total + bytes > this.#limits.total || ofAddress + bytes > this.#limits.perAddress) throw this.#busy()
  }

  /** Watches every response of the scope. */
  watch (scope: FastifyInstance): void {
    // Hooks on the hot path use callbacks, which avoids a promise.
    scope.addHook<unknown>('onSend', (request, reply, payload, done) => {
      if (payload === null || payload === undefined || request.method === 'HEAD') return done(null, payload)
      this.#replies.push(reply)
      if (this.#replies.length === 1) this.#endTurnSoon()
      if (!isLarge(payload)) return done(null, payload)
      const bytes = Buffer.byteLength(payload)
      try {
        if (this.#answers.get(reply.raw)?.counted) this.count(request, reply, bytes)
        else this.admit(request, reply, bytes)
      } catch (error) {
        return done(error as Error)
      }
      // The whole text stays in memory until all of it is sent.
      this.open(request, reply).behind = bytes
      reply.header('content-length', bytes)
      done(null, inPieces(payload))
    })
    scope.addHook('onClose', async () => { clearInterval(this.#ticker) })
  }

  /** What the kernel took at once needs no tracking. */
  readonly #endTurn = (): void => {
    const replies = this.#replies
    this.#replies = []
    for (const reply of replies) if (!isSent(reply.raw)) this.#recount(this.open(reply.request, reply))
    for (const answer of this.#written) this.#recount(answer)
    this.#written.clear()
  }

  #endTurnSoon (): void {
    setImmediate(this.#endTurn)
  }

  readonly #onWrite = (answer: Answer): void => {
    if (this.#written.size === 0) this.#endTurnSoon()
    this.#written.add(answer)
  }

  #recount (answer: Answer): void {
    this.#set(answer, answer.unsent)
    this.#makeWay(answer)
  }

  #set (answer: Answer, bytes: number): void {
    if (answer.over) bytes = 0
    const more = bytes - answer.counted
    if (more === 0) return
    answer.counted = bytes
    this.#total += more
    const ofAddress = (this.#perAddress.get(answer.address) ?? 0) + more
    if (ofAddress === 0) this.#perAddress.delete(answer.address)
    else this.#perAddress.set(answer.address, ofAddress)
    if (bytes === 0) return this.#drop(answer)
    if (this.#unsent.has(answer)) return
    answer.since = this.#now
    this.#unsent.add(answer)
    this.#ticker ??= setInterval(this.#tick, TICK)
  }

  #drop (answer: Answer): void {
    this.#unsent.delete(answer)
    if (this.#unsent.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }

  readonly #forget = (answer: Answer): void => {
    this.#set(answer, 0)
    this.#written.delete(answer)
  }

  #isOver (address: string): boolean {
    return this.#total > this.#limits.total || this.#addressIsOver(address)
  }

  #addressIsOver (address: string): boolean {
    return (this.#perAddress.get(address) ?? 0) > this.#limits.perAddress
  }

  /** The one longest without progress: of the address if that has too much, otherwise of all. */
  #longest (address: string): Answer {
    const own = this.#addressIsOver(address)
    for (const answer of this.#unsent) if (!own || answer.address === address) return answer
    throw new Error('There is no response to cut off')
  }

  #makeWay (answer: Answer): void {
    while (this.#isOver(answer.address)) {
      this.#busy()
      this.#cut(this.#longest(answer.address))
    }
  }

  #busy (): Error {
    const error = new BusyError()
    this.#full.met(error)
    return error
  }

  #cut (answer: Answer): void {
    this.#forget(answer)
    answer.cut()
  }

  readonly #tick = (): void => {
    this.#now++
    this.#full.notMet()
    for (const answer of [...this.#unsent]) {
      if (answer.progressed || answer.unsent === 0) this.#progress(answer)
      // A response behind another cannot make progress; the one in front is checked, too.
      else if (this.#now - answer.since >= this.#limits.patience && !answer.queued) this.#cut(answer)
    }
  }

  #progress (answer: Answer): void {
    answer.progressed = false
    answer.since = this.#now
    this.#unsent.delete(answer)
    this.#unsent.add(answer)
  }
}

const ofServers = new WeakMap<FastifyInstance['server'], Outgoing>()

/** The instance of the app's server, which all its plugins share. */
export function outgoingOf ({ server, log }: FastifyInstance, limits?: OutgoingLimits): Outgoing {
  const known = ofServers.get(server)
  if (known !== undefined) return known
  const outgoing = new Outgoing(log, limits)
  ofServers.set(server, outgoing)
  return outgoing
}

function isLarge (payload: unknown): payload is string | Buffer {
  return (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length > PIECE
}

/**
 * Node keeps a response, with its listeners and its last piece, until the next one on the connection. So each
 * piece is a copy, and nothing of the whole remains once it is sent.
 */
function inPieces (body: string | Buffer): Readable {
  let left: string | Buffer | undefined = body
  return new Readable({
    highWaterMark: PIECE,
    read () {
      if (left === undefined) {
        this.push(null)
        return
      }
      const end = typeof left === 'string' ? endOfPiece(left, 0) : PIECE
      const piece = left.slice(0, end)
      left = left.length > end ? left.slice(end) : undefined
      this.push(Buffer.from(piece as string))
    }
  })
}
