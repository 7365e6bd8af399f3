import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endOfTurn } from '../end-of-turn.js'
import { carrierOf, cut, isInjected, keepHeld, whenGone, whenPaused, type Carrier } from './carrier.js'
import { endOfPiece } from './pieces.js'

/** The approximate memory of a response besides its bytes. */
const OVERHEAD = 4 * 1024

/** How many turns Node needs to report that a client has closed its side in the packet of its request; found by experiment. */
const TURNS = 2
const TURNS_HTTP2 = 8

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
  #held = 0

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
      onOver(this)
    }
    const forget = whenGone(this.#carrier, () => {
      this.gone = true
      this.#left?.abort()
      end()
    })
    // No matter who sent it: the host may do so while a handler waits, as with its `handlerTimeout`.
    this.#raw.once('finish', () => { this.#left?.abort() })
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

  /**
   * Aborts when the client has disconnected or has the whole response. Made at first use: most responses need none, and
   * it costs more than they do.
   */
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

  /** Whether any of it has been written. */
  get begun (): boolean {
    return this.#raw.headersSent
  }

  /** Its messages have been removed from their box, so it gives way to no other. */
  keep (): void {
    this.drained = true
    keepHeld(this.#carrier)
  }

  /** @param bytes what stays in memory until all of it is written */
  hold (bytes: number): void {
    this.#held = bytes
  }

  /** Whether the client has taken anything since this was last asked. */
  hasProgressed (): boolean {
    const progressed = this.#progressed
    this.#progressed = false
    return progressed
  }

  /** Gives Node time to report that the client closed its side right after the request. */
  async settled (): Promise<void> {
    if (this.over) return
    for (let turns = this.#carrier instanceof Socket ? TURNS : TURNS_HTTP2; turns > 0; turns--) await endOfTurn()
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
        if (!this.write(Buffer.from(text.slice(at, end)))) await this.#drained()
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

  /** Resolves when everything written has been taken, or the client has disconnected. */
  #drained (): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        this.#raw.off('drain', done)
        this.left.removeEventListener('abort', done)
        resolve()
      }
      this.#raw.on('drain', done)
      this.left.addEventListener('abort', done)
      if (this.gone) done()
    })
  }
}

/** Whether the last byte has left this process. */
export function isSent (raw: FastifyReply['raw']): boolean {
  return 'stream' in raw ? (raw.stream as { writableFinished: boolean }).writableFinished : raw.writableFinished
}
