import type { WebSocket } from 'ws'
import { hasCode } from '../../errors.js'
import { endSocket } from '../websocket.js'
import { attend, isAway, pause, RETRY_AFTER } from './attend.js'
import { isClaimOf, type Account, type Claim, type PeerBoxes } from './peer-boxes.js'
import { errors, errorText, expireText, ID_TAKEN, MOST_ADDED, OPEN, parseMessage, relayedText, type FromPeer } from './protocol.js'
import type { Sender, Unanswered } from './unanswered.js'

/** The most messages that wait to be handled before the socket is not read any further. */
const MOST_WAITING = 16
/** The most messages of any kind within that many ms. A client sends a heartbeat every 5 s. */
const MOST_FRAMES = 3_000
const WINDOW = 30_000
/** How often a message is stored if the store does not respond. */
const TRIES = 3
/** What may be left unsent, in bytes, besides a message from a box. */
const MOST_UNSENT = 256 * 1024
/** How long a read of the messages waits before it looks whether it should, in ms. */
const LONG = 3_600_000

/** How many claims are read at a time; one is the rule. */
const MOST_CLAIMS = 8

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
export interface Client extends Sender {
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
  /** its claim to the id; undefined if it has none */
  #claim: Claim | undefined
  /** aborts when the server ends the socket, so that what it sent no longer counts */
  readonly #ended = new AbortController()

  constructor (endpoint: Endpoint, socket: WebSocket, client: Client) {
    this.#endpoint = endpoint
    this.#socket = socket
    this.#client = client
    this.#silence = setTimeout(() => { this.end(1001, 'No heartbeat') }, endpoint.timeout)
    socket.on('message', (data: Buffer) => { this.#receive(data) })
    // They are answered at once, whether or not the other side reads the answers.
    socket.on('ping', () => { this.#endIfDeaf() })
    // A client may send before it is told that it may.
    this.#handled = this.#begin().catch(error => { this.#fail(error) })
  }

  /** Closes the socket. The id stays with its token until it is released or the timeout is over. */
  end (code: number, reason: string, last?: string): void {
    if (this.#isOver) return
    this.#ended.abort()
    this.#stop()
    if (last !== undefined) this.#socket.send(last)
    endSocket(this.#socket, code, reason)
  }

  /** Closes the socket with the server. If the client has closed it before, it may have left much to do. */
  shutDown (): void {
    this.end(1001, 'Shutting down')
    this.#ended.abort()
  }

  /** Tells the client that what this sender sent was not received in time. */
  expired ({ token }: Sender, dst: string): void {
    if (token !== this.#client.token) return
    this.#endIfDeaf()
    if (!this.#isOver) this.#socket.send(expireText(this.#client.id, dst))
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
    if (await this.#take() === undefined) return
    await boxes.openMail(id)
    if (this.#isOver) return
    const other = peers.get(id)
    // The other may have claimed the id later and yet be faster.
    if (other !== undefined && this.#isOlderThan(other)) return this.end(1000, REPLACED)
    other?.end(1000, REPLACED)
    peers.set(id, this)
    this.#socket.send(OPEN)
    for (const reading of [this.#keepClaim(), this.#readMail()]) reading.catch(error => { this.#fail(error) })
  }

  get #isOver (): boolean {
    return this.#over.signal.aborted
  }

  #isOlderThan (other: PeerSocket): boolean {
    return !other.#isOver && this.#claim !== undefined && other.#claim !== undefined && this.#claim.seq < other.#claim.seq
  }

  /** Takes the id. @returns undefined if it is taken with another token, and the socket is ended */
  async #take (): Promise<Claim | undefined> {
    const { id, token, account } = this.#client
    this.#claim = await this.#endpoint.boxes.claim(id, token, account)
    if (this.#claim === undefined) this.end(1000, 'ID is taken', ID_TAKEN)
    return this.#claim
  }

  /** Keeps the id, and ends the socket when its client comes back with another one, to whichever server. */
  async #keepClaim (): Promise<void> {
    const { boxes } = this.#endpoint
    const { id, token } = this.#client
    const lost = async (): Promise<void> => { this.#claim = undefined }
    await attend(boxes.service, boxes.ownerOf(id), {
      over: this.#over.signal,
      onGone: lost,
      work: async waiter => {
        while (!waiter.closed) {
          const claim = this.#claim ?? await this.#take()
          if (claim === undefined) return
          const { texts } = await waiter.next(claim.seq - 1, MOST_CLAIMS, 0)
          if (texts.some(text => text !== claim.text && isClaimOf(token, text))) return this.end(1000, REPLACED)
          if (texts.length === 1 && texts[0] === claim.text) await waiter.pause(boxes.renewEvery)
          else await lost()
        }
      }
    })
  }

  async #readMail (): Promise<void> {
    const { boxes, maxMessageBytes } = this.#endpoint
    const { id } = this.#client
    const limit = Math.max(1, Math.floor(MOST_UNSENT / (maxMessageBytes + MOST_ADDED)))
    /** the numbers of the last messages that were sent, and deleted */
    let [sent, deleted] = [0, 0]
    const discard = async (): Promise<void> => {
      if (deleted < sent) await boxes.discard(id, sent)
      deleted = sent
    }
    await attend(boxes.service, boxes.mailOf(id), {
      over: this.#over.signal,
      onGone: async () => {
        await boxes.openMail(id);
        [sent, deleted] = [0, 0]
      },
      work: async waiter => {
        while (!waiter.closed) {
          await discard()
          const { texts, next } = await waiter.next(sent, limit, LONG)
          sent = next - texts.length
          for (const text of texts) {
            // What cannot be sent stays for the next socket, and nothing else.
            if (!await this.#send(text)) return await discard()
            sent++
          }
        }
        await discard()
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
    if (this.#ended.signal.aborted) return
    const message = parseMessage(text)
    if (message?.type === 'HEARTBEAT') return
    await this.#client.count()
    // The official server ignores what it does not know, too.
    if (message === undefined) return
    const { type, dst, payload } = message
    if (dst === undefined) return type === 'LEAVE' ? this.end(1000, 'Left') : undefined
    const relayed = relayedText(type, this.#client.id, dst, payload)
    if (relayed === undefined) return
    // Numbers such as 1e20 become longer.
    if (Buffer.byteLength(relayed) > this.#endpoint.maxMessageBytes + MOST_ADDED) return this.end(1009, 'Message too large')
    await this.#relay(type, dst, relayed)
  }

  async #relay (type: FromPeer['type'], dst: string, text: string): Promise<void> {
    const { boxes, unanswered } = this.#endpoint
    const isNews = type === 'LEAVE' || type === 'EXPIRE'
    const seq = await this.#tryToStore(async () => {
      // News are only for those who are there.
      return isNews && !await boxes.isTaken(dst) ? undefined : await boxes.store(dst, text, this.#client.account)
    })
    if (seq !== undefined) unanswered.add(dst, seq, isNews ? undefined : this.#client)
    else if (!isNews) this.expired(this.#client, dst)
  }

  /** @returns undefined if the other peer's box takes no more */
  async #tryToStore (store: () => Promise<number | undefined>): Promise<number | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await store()
      } catch (error) {
        if (REFUSALS.some(code => hasCode(error, code))) return undefined
        if (!isAway(error)) throw error
        if (tries === TRIES || this.#ended.signal.aborted) return undefined
        await pause(RETRY_AFTER, this.#ended.signal)
      }
    }
  }

  /** Ends the socket if the client does not read what is kept in memory for it. */
  #endIfDeaf (): void {
    if (this.#socket.bufferedAmount > MOST_UNSENT + this.#endpoint.maxMessageBytes) this.#socket.terminate()
  }

  #fail (error: unknown): void {
    if (hasCode(error, 'BOX_ERR_RATE')) return this.end(1008, 'Too many messages', errorText(errors.rate))
    if (!isAway(error) && !REFUSALS.some(code => hasCode(error, code))) this.#endpoint.onError(error)
    this.end(1013, 'Try again later', errorText(errors.unavailable))
  }
}

const REFUSALS = ['BOX_ERR_FULL', 'BOX_ERR_HELD', 'BOX_ERR_STORE_FULL'] as const
