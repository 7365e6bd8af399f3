import { Readable } from 'node:stream'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusyError } from '../errors.js'
import { addressOf } from './address.js'
import { Answer, endOfPiece, isSent, PIECE } from './answer.js'
import { Condition } from './condition.js'

export interface OutgoingLimits {
  /** bytes unsent to one client address, over all its connections */
  perAddress: number
  /** bytes unsent to all of them */
  total: number
  /** seconds an answer may go without progress */
  patience: number
}

const MIB = 1024 * 1024
export const outgoingLimits: OutgoingLimits = { perAddress: 16 * MIB, total: 64 * MIB, patience: 10 }

/** How often the answers under way are looked at, ms; it is also the unit of their time. */
const TICK = 1000

/** From now on without progress, in ticks, an answer gives way to others. */
const STALE = 2

/**
 * The answers that have not been sent yet. One that makes no progress is cut, and what they take of
 * this process's memory is bounded, per client address and in total: a new answer is refused before
 * it is made, and what is unsent already gives way, the longest without progress first.
 *
 * An answer that the kernel takes at once, as nearly all are, is not kept track of.
 */
export class Outgoing {
  readonly #full: Condition
  #limits: OutgoingLimits
  /** those with something unsent; the longest without progress come first */
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

  /** Makes room for the largest answer that there may be, where the limits have less. */
  allow (bytes: number): void {
    const { perAddress, total, patience } = this.#limits
    this.#limits = { perAddress: Math.max(perAddress, bytes), total: Math.max(total, bytes), patience }
  }

  /** What is unsent to all clients. */
  get unsent (): { answers: number, bytes: number } {
    return { answers: this.#unsent.size, bytes: this.#total }
  }

  /** An answer that is held open, from now on. */
  open (request: FastifyRequest, reply: FastifyReply): Answer {
    const known = this.#answers.get(reply.raw)
    if (known !== undefined) return known
    const answer = new Answer(request, reply, addressOf(request), this.#onWrite, this.#forget)
    this.#answers.set(reply.raw, answer)
    return answer
  }

  /**
   * Lets an answer of this size be made, which counts from now on. A small one costs nothing before
   * it turns out that its reader does not take it.
   * @throws BusyError where its address, or all together, have too much unsent
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

  /** Counts an answer that can not be refused any more; others give way to it. */
  count (request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    if (bytes <= PIECE) return
    const answer = this.open(request, reply)
    this.#set(answer, bytes)
    this.#makeWay(answer)
  }

  /**
   * For what can be refused only before anybody knows how large its answer is.
   * @throws BusyError where one of this size would be too much
   */
  refuseAhead (request: FastifyRequest, bytes: number): void {
    if (this.#total === 0) return
    const ofAddress = this.#perAddress.get(addressOf(request)) ?? 0
    if (this.#total + bytes > this.#limits.total || ofAddress + bytes > this.#limits.perAddress) throw this.#busy()
  }

  /** Watches every answer below the scope. */
  watch (scope: FastifyInstance): void {
    // Hooks of the hot path call back instead of making a promise.
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
      // The whole stays as long as any of it is to be sent.
      this.open(request, reply).behind = bytes
      reply.header('content-length', bytes)
      done(null, inPieces(payload))
    })
    scope.addHook('onClose', async () => { clearInterval(this.#ticker) })
  }

  /** What the kernel took at once needs no more thought. */
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

  /** Of the address where it has too much, else of all, the one that is the longest without progress. */
  #longest (address: string): Answer {
    const own = this.#addressIsOver(address)
    for (const answer of this.#unsent) if (!own || answer.address === address) return answer
    throw new Error('There is no answer to give way')
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
      // One behind another can not make progress; the other is looked at too.
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

/** The one of the app's server, whatever number of plugins shares it. */
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
 * Node holds an answer, with what has listened to it and its last piece, until the next answer on its
 * connection. So each piece is a copy, and nothing is left of the whole once it is sent.
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
