import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endOfTurn } from '../end-of-turn.js'
import { carrierOf, cut, isInjected, whenGone, whenPaused, type Carrier } from './carrier.js'
import { endOfPiece } from './pieces.js'

/** The approximate memory of a response besides its bytes. */
const OVERHEAD = 4 * 1024

/** After how many turns Node has told of a client that closed its side in the packet of its request: as tried. */
const TURNS = 2
const TURNS_HTTP2 = 8

/** The connections that are sending drained messages, and those that are sending what has no end. */
const draining = new WeakSet<Carrier>()
const endless = new WeakSet<Carrier>()

/** What the kernel has taken of the response at the front of a connection, in bytes. */
function takenBy (carrier: Carrier): number {
  return carrier instanceof Socket && !endless.has(carrier) ? carrier.bytesWritten - carrier.writableLength : 0
}

/** A response on its way to the client. */
export class PendingResponse {
  readonly address: string
  /** Whether the client has disconnected. */
  gone = false
  /** Whether its messages have been removed from their box. */
  drained = false
  /** Whether nothing is left to send; always true for an injected request. */
  over = false
  readonly #raw: FastifyReply['raw']
  readonly #carrier: Carrier
  readonly #onWrite: (response: PendingResponse) => void
  #left: AbortController | undefined
  #progressed = false
  /** what its connection had taken while it waited behind another response, in bytes */
  #taken = 0
  #held = 0
  #isFront = false

  /**
   * @param address the client address it counts against
   * @param onWrite called with what is written
   * @param onOver called once, when the response is sent or the client has disconnected
   */
  constructor (request: FastifyRequest, reply: FastifyReply, address: string, onWrite: (response: PendingResponse) => void, onOver: (response: PendingResponse) => void) {
    this.address = address
    this.#raw = reply.raw
    this.#carrier = carrierOf(request)
    this.#onWrite = onWrite
    const end = (): void => {
      this.over = true
      if (this.#isFront) for (const set of [draining, endless]) set.delete(this.#carrier)
      this.#isFront = false
      onOver(this)
    }
    const forget = whenGone(this.#carrier, () => {
      this.gone = true
      this.#left?.abort()
      end()
    })
    if (isInjected(request)) this.over = true
    // Over HTTP/2 the stream may stay open after everything is sent, and it emits `finish` even if it was cut off.
    else if ('stream' in this.#raw) (this.#raw.stream as Writable).once('finish', end)
    else {
      this.#raw.once('finish', () => {
        forget()
        end()
      })
    }
    this.#raw.on('drain', this.#took)
  }

  /** Whether nothing can be sent any more. Node ends its side, too, when a client has closed the connection halfway. */
  get isUnreachable (): boolean {
    return this.gone || (this.#carrier.writableEnded && !this.#raw.writableEnded)
  }

  /** Whether it gives way to no other: cutting it off would lose drained messages, its own or some ahead of it on the connection. */
  get isKept (): boolean {
    return this.drained || draining.has(this.#carrier)
  }

  /** Aborts when the client has disconnected. Made at first use: most responses need none, and it costs more than they do. */
  get left (): AbortSignal {
    if (this.#left === undefined) {
      this.#left = new AbortController()
      if (this.gone) this.#left.abort()
    }
    return this.#left.signal
  }

  /** The bytes that have been written and that the client has not taken. */
  get backlog (): number {
    return this.#raw.writableLength
  }

  /** The memory it takes until it is sent. */
  get unsent (): number {
    const bytes = this.backlog + this.#held
    return bytes === 0 ? 0 : bytes + OVERHEAD
  }

  /** Whether it is waiting behind another response on its connection. */
  get queued (): boolean {
    return !this.over && this.#raw.socket === null
  }

  /** Whether any of it has been written. */
  get begun (): boolean {
    return this.#raw.headersSent
  }

  /** Its messages have been removed from their box. To be called when its turn has come, as the next one. */
  keep (): void {
    this.drained = true
    this.#mark(draining)
  }

  /** It has no end, so what is queued behind it is not waiting for it to progress. */
  neverEnds (): void {
    this.#mark(endless)
  }

  #mark (connections: WeakSet<Carrier>): void {
    if (this.over) return
    this.#isFront = true
    connections.add(this.#carrier)
  }

  /** @param bytes what stays in memory until all of it is written */
  hold (bytes: number): void {
    this.#held = bytes
  }

  /** Whether the client has taken anything since this was last asked, of this response or of those ahead of it. */
  hasProgressed (): boolean {
    const taken = this.queued ? takenBy(this.#carrier) : this.#taken
    const progressed = this.#progressed || taken !== this.#taken
    this.#taken = taken
    this.#progressed = false
    return progressed
  }

  /** Waits a little for the client to have closed its side right behind the request, of which Node hears some turns later. */
  async settled (): Promise<void> {
    if (this.over) return
    for (let turns = this.#carrier instanceof Socket ? TURNS : TURNS_HTTP2; turns > 0; turns--) await endOfTurn()
  }

  /** Resolves when no other response is ahead of it on its connection, or the client has disconnected. */
  turn (): Promise<void> | undefined {
    return this.queued ? this.#until('socket') : undefined
  }

  /**
   * Calls the listener once when nobody would notice that the client disconnects, or now if that is so.
   * @returns a function that removes the listener
   */
  whenPaused (tell: () => void): () => void {
    return this.over ? () => {} : whenPaused(this.#carrier, tell)
  }

  /** Writes without waiting. @returns whether the client keeps up */
  write (data: string | Buffer): boolean {
    const taken = this.#raw.write(data, this.#took)
    this.#onWrite(this)
    return taken
  }

  /** Writes at the client's pace; resolves when everything has been taken or the client has disconnected. */
  async deliver (...texts: string[]): Promise<void> {
    for (const text of texts) {
      for (let at = 0, end; at < text.length && !this.gone; at = end) {
        end = endOfPiece(text, at)
        // A copy, so that the connection, which keeps its last piece, does not keep the whole text.
        if (!this.write(Buffer.from(text.slice(at, end)))) await this.#until('drain')
      }
    }
  }

  end (text?: string): void {
    this.#raw.end(text)
    this.#onWrite(this)
  }

  cut (): void {
    cut(this.#carrier)
  }

  readonly #took = (): void => { this.#progressed = true }

  /** Resolves at the event, or when the client has disconnected. */
  #until (event: 'drain' | 'socket'): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        this.#raw.off(event, done)
        this.left.removeEventListener('abort', done)
        resolve()
      }
      this.#raw.on(event, done)
      this.left.addEventListener('abort', done)
      if (this.gone) done()
    })
  }
}

/** Whether the last byte has left this process. */
export function isSent (raw: FastifyReply['raw']): boolean {
  return 'stream' in raw ? (raw.stream as { writableFinished: boolean }).writableFinished : raw.writableFinished
}
