import type { FastifyReply, FastifyRequest } from 'fastify'
import { carrierOf, cut, isInjected, whenGone, type Carrier } from './carrier.js'

/** How many bytes are written at a time, so that the progress of a slow reader can be seen. */
export const PIECE = 64 * 1024

/** The approximate memory of a response besides its bytes. */
const OVERHEAD = 4 * 1024

/** A response on its way to the client. */
export class Answer {
  readonly address: string
  /** Aborts when the client has disconnected. */
  readonly left: AbortSignal
  /** unsent bytes at the last count */
  counted = 0
  /** when it last made progress, on its keeper's clock */
  since = 0
  /** Whether the client has received anything since the keeper last checked. */
  progressed = false
  /** bytes that stay in memory until all of them are written */
  behind = 0
  /** Whether nothing is left to send; always true for an injected request. */
  over = false
  readonly #raw: FastifyReply['raw']
  readonly #carrier: Carrier
  readonly #onWrite: (answer: Answer) => void

  /**
   * @param address the client address it counts against
   * @param onWrite called with what is written
   * @param onOver called once, when the response is sent or the client has disconnected
   */
  constructor (request: FastifyRequest, reply: FastifyReply, address: string, onWrite: (answer: Answer) => void, onOver: (answer: Answer) => void) {
    this.address = address
    this.#raw = reply.raw
    this.#carrier = carrierOf(request)
    this.#onWrite = onWrite
    const left = new AbortController()
    this.left = left.signal
    const end = (): void => {
      this.over = true
      onOver(this)
    }
    const forget = whenGone(this.#carrier, () => {
      left.abort()
      end()
    })
    if (isInjected(request)) this.over = true
    // Over HTTP/2 a response has ended when its stream closes; it emits `finish` even if it was cut off.
    else if (!('stream' in this.#raw)) {
      this.#raw.once('finish', () => {
        forget()
        end()
      })
    }
    this.#raw.on('drain', this.#took)
  }

  get gone (): boolean {
    return this.left.aborted
  }

  /** The memory it takes until it is sent. */
  get unsent (): number {
    const bytes = this.#raw.writableLength + this.behind
    return bytes === 0 ? 0 : bytes + OVERHEAD
  }

  /** Whether it is waiting behind another response on its connection. */
  get queued (): boolean {
    return this.#raw.socket === null
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

  readonly #took = (): void => { this.progressed = true }

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

/** A piece has at most `PIECE` bytes (a UTF-16 code unit takes up to three) and never half a surrogate pair. */
export function endOfPiece (text: string, at: number): number {
  const end = at + Math.floor(PIECE / 3) - 1
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800
  return isHigh ? end + 1 : end
}

/** Whether the last byte has left this process. */
export function isSent (raw: FastifyReply['raw']): boolean {
  return 'stream' in raw ? (raw.stream as { writableFinished: boolean }).writableFinished : raw.writableFinished
}
