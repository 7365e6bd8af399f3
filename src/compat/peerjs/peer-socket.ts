import type { WebSocket } from 'ws'
import { hasCode } from '../../errors.js'
import { endSocket } from '../websocket.js'
import { follow } from './follow.js'
import type { Account, PeerBoxes } from './peer-boxes.js'
import { errors, errorText, expireText, ID_TAKEN, OPEN, parseMessage, relayedText } from './protocol.js'
import type { Unanswered } from './unanswered.js'

/** The most messages that wait to be handled before the socket is not read any further. */
const MOST_WAITING = 16
/** The most messages of any kind within that many ms. A client sends a heartbeat every 5 s. */
const MOST_FRAMES = 3_000
const WINDOW = 30_000
/** How often a store that does not respond is tried, and how long after the last time, in ms. */
const TRIES = 3
const RETRY_AFTER = 1_000
/** What may be left unsent, in bytes. */
const MOST_UNSENT = 256 * 1024

const REPLACED = 'Replaced by a newer connection'

/** What the sockets of an endpoint share. */
export interface Endpoint {
  boxes: PeerBoxes
  unanswered: Unanswered
  /** by peer id */
  peers: Map<string, PeerSocket>
  /** in bytes */
  maxMessageBytes: number
  /** how long a socket may be silent, in ms */
  timeout: number
  /** reports what should not happen */
  onError: (error: unknown) => void
}

/** A client, as the request says that opened its socket. */
export interface Client {
  id: string
  token: string
  account: Account
  /** counts one message against the limits of the client's address. @throws RateError */
  count: () => Promise<void>
}

/** The socket of a peer, from its first byte to its last. */
export class PeerSocket {
  readonly #endpoint: Endpoint
  readonly #socket: WebSocket
  readonly #client: Client
  readonly #over = new AbortController()
  readonly #silence: NodeJS.Timeout
  /** the handling of all messages so far */
  #handled: Promise<void>
  #waiting = 0
  #frames = 0
  #since = performance.now()
  /** the number of its claim to the id; undefined if it has none */
  #claim: number | undefined
  /** whether the server has ended the socket, so that what it sent no longer counts */
  #isEnded = false

  constructor (endpoint: Endpoint, socket: WebSocket, client: Client) {
    this.#endpoint = endpoint
    this.#socket = socket
    this.#client = client
    this.#silence = setTimeout(() => { this.end(1001, 'No heartbeat') }, endpoint.timeout)
    socket.on('message', (data: Buffer) => { this.#receive(data) })
    // They are answered at once, whether or not the other side reads the answers.
    socket.on('ping', () => { if (socket.bufferedAmount > MOST_UNSENT) socket.terminate() })
    // A client may send before it is told that it may.
    this.#handled = this.#begin().catch(error => { this.#fail(error) })
  }

  /** Closes the socket. The id stays with its token until it is released or the timeout is over. */
  end (code: number, reason: string, last?: string): void {
    if (this.#isOver) return
    this.#isEnded = true
    this.#stop()
    if (last !== undefined) this.#socket.send(last)
    endSocket(this.#socket, code, reason)
  }

  /** Resolves once nothing of this socket is left to do. Call it when the socket is closed. */
  async closed (keepId: boolean): Promise<void> {
    this.#stop()
    await this.#handled
    const { peers, boxes } = this.#endpoint
    const { id } = this.#client
    const isReplaced = peers.has(id) && peers.get(id) !== this
    if (!isReplaced) peers.delete(id)
    if (!keepId && !isReplaced && this.#claim !== undefined) await boxes.release(id, this.#claim)
  }

  #stop (): void {
    this.#over.abort()
    clearTimeout(this.#silence)
  }

  async #begin (): Promise<void> {
    const { boxes, peers } = this.#endpoint
    const { id } = this.#client
    if (!await this.#take()) return
    await boxes.openMail(id)
    if (this.#isOver) return
    peers.get(id)?.end(1000, REPLACED)
    peers.set(id, this)
    this.#socket.send(OPEN)
    for (const reading of [this.#watchClaim(), this.#readMail()]) reading.catch(error => { this.#fail(error) })
  }

  get #isOver (): boolean {
    return this.#over.signal.aborted
  }

  /** @returns whether the id is this socket's now; otherwise the socket is ended */
  async #take (): Promise<boolean> {
    const { id, token, account } = this.#client
    this.#claim = await this.#endpoint.boxes.claim(id, token, account)
    if (this.#claim === undefined) this.end(1000, 'ID is taken', ID_TAKEN)
    return this.#claim !== undefined
  }

  /** Ends the socket when its client comes back with another one, to whichever server. */
  async #watchClaim (): Promise<void> {
    const { boxes } = this.#endpoint
    await follow(boxes.service, boxes.ownerOf(this.#client.id), {
      after: this.#claim as number,
      limit: 1,
      over: this.#over.signal,
      onGone: async () => await this.#take() ? this.#claim : undefined,
      onTexts: async () => {
        this.end(1000, REPLACED)
        return false
      }
    })
  }

  async #readMail (): Promise<void> {
    const { boxes, maxMessageBytes } = this.#endpoint
    const { id } = this.#client
    await follow(boxes.service, boxes.mailOf(id), {
      after: 0,
      limit: Math.max(1, Math.floor(MOST_UNSENT / maxMessageBytes)),
      over: this.#over.signal,
      onGone: async () => {
        await boxes.openMail(id)
        return 0
      },
      onTexts: async (texts, next) => {
        // What cannot be sent stays for the next socket.
        for (const text of texts) if (!await this.#send(text)) return false
        await boxes.discard(id, next)
        return true
      }
    })
  }

  /** Resolves with whether the text is on its way. */
  #send (text: string): Promise<boolean> {
    return new Promise(resolve => {
      if (this.#isOver) return resolve(false)
      this.#socket.once('close', closed)
      const { timeout } = this.#endpoint
      const slow = setTimeout(() => { this.#socket.terminate() }, timeout)
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

  #receive (data: Buffer): void {
    if (this.#isOver) return
    this.#silence.refresh()
    if (performance.now() - this.#since > WINDOW) [this.#frames, this.#since] = [0, performance.now()]
    if (++this.#frames > MOST_FRAMES) return this.end(1008, 'Too many messages', errorText(errors.rate))
    if (data.length > this.#endpoint.maxMessageBytes) return this.end(1009, 'Message too large')
    if (++this.#waiting >= MOST_WAITING) this.#socket.pause()
    this.#handled = this.#handled.then(() => this.#handle(data.toString())).catch(error => { this.#fail(error) }).then(() => {
      if (--this.#waiting < MOST_WAITING) this.#socket.resume()
    })
  }

  async #handle (text: string): Promise<void> {
    if (this.#isEnded) return
    const message = parseMessage(text)
    if (message?.type === 'HEARTBEAT') return
    await this.#client.count()
    // The official server ignores what it does not know, too.
    if (message === undefined) return
    const { boxes, unanswered } = this.#endpoint
    const { id: src, account } = this.#client
    const { type, dst, payload } = message
    if (dst === undefined) return type === 'LEAVE' ? this.end(1000, 'Left') : undefined
    const relayed = relayedText(type, src, dst, payload)
    if (relayed === undefined) return
    if (type === 'LEAVE' || type === 'EXPIRE') {
      // Only news to those who are there.
      if (await boxes.isTaken(dst)) await boxes.store(dst, relayed, account)
      return
    }
    const expired = (): void => { if (!this.#isOver) void this.#send(expireText(src, dst)) }
    const seq = await this.#store(dst, relayed)
    if (seq === undefined) expired()
    else unanswered.add(src, dst, seq, expired)
  }

  /** @returns undefined if the other peer's box takes no more */
  async #store (dst: string, text: string): Promise<number | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#endpoint.boxes.store(dst, text, this.#client.account)
      } catch (error) {
        if (REFUSALS.some(code => hasCode(error, code))) return undefined
        if (!isAway(error)) throw error
        if (tries === TRIES) return undefined
        await new Promise(resolve => { setTimeout(resolve, RETRY_AFTER) })
      }
    }
  }

  #fail (error: unknown): void {
    if (hasCode(error, 'BOX_ERR_RATE')) return this.end(1008, 'Too many messages', errorText(errors.rate))
    if (!isAway(error) && !REFUSALS.some(code => hasCode(error, code))) this.#endpoint.onError(error)
    this.end(1013, 'Try again later', errorText(errors.unavailable))
  }
}

const REFUSALS = ['BOX_ERR_FULL', 'BOX_ERR_HELD', 'BOX_ERR_STORE_FULL'] as const

/** Whether the store may respond again soon. */
export function isAway (error: unknown): boolean {
  return hasCode(error, 'BOX_ERR_STORE') || hasCode(error, 'BOX_ERR_BUSY')
}
