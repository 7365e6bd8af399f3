import type { FastifyReply, FastifyRequest } from 'fastify'
import { carrierOf, cut, isInjected, whenGone, type Carrier } from './carrier.js'

/** What is written at a time, so that a reader that takes its time is seen to take something. */
export const PIECE = 64 * 1024

/** What an answer takes besides its bytes, about. */
const OVERHEAD = 4 * 1024

/** One answer on its way to its reader. */
export class Answer {
  readonly address: string
  /** Fires when the reader has gone. */
  readonly left: AbortSignal
  /** bytes that are unsent, as they were last counted */
  counted = 0
  /** when it last made progress, as its keeper tells the time */
  since = 0
  /** Whether the reader took something since the keeper last looked. */
  progressed = false
  /** bytes that it holds until all of them are written */
  behind = 0
  /** Whether nothing is left to be sent to anybody, which is so from the start where a request was injected. */
  over = false
  readonly #raw: FastifyReply['raw']
  readonly #carrier: Carrier
  readonly #onWrite: (answer: Answer) => void

  /**
   * @param address whose answer it is
   * @param onWrite hears of what is written
   * @param onOver hears once that it is sent, or that nobody is there to take it
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
    // Over HTTP/2 an answer is over when its stream closes, and says `finish` even if it was cut.
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

  /** What it takes of this process's memory until it is sent. */
  get unsent (): number {
    const bytes = this.#raw.writableLength + this.behind
    return bytes === 0 ? 0 : bytes + OVERHEAD
  }

  /** Whether it waits for its turn behind another answer on its connection. */
  get queued (): boolean {
    return this.#raw.socket === null
  }

  /** Writes without waiting. @returns whether the reader is keeping up */
  write (data: string | Buffer): boolean {
    const taken = this.#raw.write(data, this.#took)
    this.#onWrite(this)
    return taken
  }

  /** Writes at the pace of the reader; resolves when all is taken or the reader has gone. */
  async deliver (...texts: string[]): Promise<void> {
    for (const text of texts) {
      for (let at = 0, end; at < text.length && !this.gone; at = end) {
        end = endOfPiece(text, at)
        // A copy, so that the connection, which keeps its last piece, does not keep the text.
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

/** A piece has at most `PIECE` bytes, where a UTF-16 code unit has three, and never half a surrogate pair. */
export function endOfPiece (text: string, at: number): number {
  const end = at + Math.floor(PIECE / 3) - 1
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800
  return isHigh ? end + 1 : end
}

/** Whether the last byte has left this process. */
export function isSent (raw: FastifyReply['raw']): boolean {
  return 'stream' in raw ? (raw.stream as { writableFinished: boolean }).writableFinished : raw.writableFinished
}
