import type { WebSocket } from 'ws'
import { endSocket } from './websocket.js'

/** The most messages that wait to be handled before the socket is not read any further. */
const MOST_WAITING = 16
/** The most messages of any kind within that many ms. */
const MOST_FRAMES = 3_000
const WINDOW = 30_000
/** What may be left unsent, in bytes, besides one message. */
export const MOST_UNSENT = 256 * 1024

export interface Bounds {
  /** of a message, in bytes */
  maxMessageBytes: number
  /** how long a socket may be silent, in ms */
  timeout: number
}

/** What an endpoint does with a socket. */
export interface Handlers {
  /** Called first of all, and what the client sends waits for it. */
  begin?: () => Promise<void>
  /** Looks at a message as it comes. @returns what is to be done in its turn, if anything */
  receive: (text: string) => (() => Promise<void>) | undefined
  /** Called with what these reject with. */
  fail: (error: unknown) => void
  /** the last message to a client that sends too many, if it is told */
  flood?: string
}

/** A client's socket, from its first byte to its last, with bounds on what comes, what waits, and what is left unsent. */
export class BoundedSocket {
  readonly #socket: WebSocket
  readonly #bounds: Bounds
  readonly #handlers: Handlers
  readonly #over = new AbortController()
  /** aborts when the server ends the socket, so that what it sent no longer counts */
  readonly #ended = new AbortController()
  readonly #silence: NodeJS.Timeout
  #handled: Promise<void>
  #waiting = 0
  #frames = 0
  #since = performance.now()

  constructor (socket: WebSocket, bounds: Bounds, handlers: Handlers) {
    this.#socket = socket
    this.#bounds = bounds
    this.#handlers = handlers
    this.#silence = setTimeout(() => {
      // Who is not read cannot be heard.
      if (this.#waiting >= MOST_WAITING) this.#silence.refresh()
      else this.end(1001, 'No heartbeat')
    }, bounds.timeout)
    socket.on('message', (data: Buffer, isBinary: boolean) => { this.#receive(data, isBinary) })
    // They are answered at once, whether or not the other side reads the answers.
    socket.on('ping', () => { this.endIfDeaf() })
    // A client may send before it is told that it may.
    this.#handled = Promise.resolve().then(handlers.begin).catch(handlers.fail)
  }

  /** Aborts when nothing more can be sent. */
  get over (): AbortSignal {
    return this.#over.signal
  }

  /** Aborts when nothing that was received counts any more. */
  get ended (): AbortSignal {
    return this.#ended.signal
  }

  /** the handling of all messages so far */
  get handled (): Promise<void> {
    return this.#handled
  }

  end (code: number, reason: string, last?: string): void {
    if (this.over.aborted) return
    this.#ended.abort()
    this.stop()
    if (last !== undefined) this.#socket.send(last)
    endSocket(this.#socket, code, reason)
  }

  /** Ends the socket with the server. If the client has closed it before, it may have left much to do. */
  shutDown (): void {
    this.end(1001, 'Shutting down')
    this.#ended.abort()
  }

  /** Call it when the socket is closed. */
  stop (): void {
    this.#over.abort()
    clearTimeout(this.#silence)
  }

  /** The client is still there. */
  heard (): void {
    if (!this.over.aborted) this.#silence.refresh()
  }

  /** Sends a text, or ends the socket if too much is left unsent. */
  tell (text: string | Buffer): void {
    this.endIfDeaf()
    if (!this.over.aborted) this.#socket.send(text, { binary: false })
  }

  /** Resolves with whether the text is on its way. */
  deliver (text: string): Promise<boolean> {
    return new Promise(resolve => {
      if (this.over.aborted) return resolve(false)
      this.#socket.once('close', closed)
      const slow = setTimeout(() => { this.#socket.terminate() }, this.#bounds.timeout)
      const socket = this.#socket
      function closed (): void { done(new Error('closed')) }
      function done (error?: Error | null): void {
        clearTimeout(slow)
        socket.off('close', closed)
        resolve(error === undefined || error === null)
      }
      socket.send(text, done)
    })
  }

  /** Ends the socket if the client does not read what is kept in memory for it. */
  endIfDeaf (): void {
    if (this.#socket.bufferedAmount > MOST_UNSENT + this.#bounds.maxMessageBytes) this.#socket.terminate()
  }

  #receive (data: Buffer, isBinary: boolean): void {
    if (this.over.aborted) return
    this.heard()
    if (performance.now() - this.#since > WINDOW) [this.#frames, this.#since] = [0, performance.now()]
    if (++this.#frames > MOST_FRAMES) return this.end(1008, 'Too many messages', this.#handlers.flood)
    const text = data.toString()
    const { maxMessageBytes } = this.#bounds
    // Only a binary message can have what is no UTF-8, and becomes longer as a text.
    if (data.length > maxMessageBytes || (isBinary && Buffer.byteLength(text) > maxMessageBytes)) return this.end(1009, 'Message too large')
    const work = this.#handlers.receive(text)
    if (work === undefined) return
    if (++this.#waiting >= MOST_WAITING) this.#socket.pause()
    this.#handled = this.#handled.then(async () => {
      if (!this.ended.aborted) await work()
    }).catch(this.#handlers.fail).then(() => {
      if (--this.#waiting >= MOST_WAITING) return
      if (this.#socket.isPaused) this.heard()
      this.#socket.resume()
    })
  }
}
