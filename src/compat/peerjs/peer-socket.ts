import type { WebSocket } from 'ws'
import { hasCode, isAway } from '../../errors.js'
import { attend, pause, RETRY_AFTER } from '../attend.js'
import { BoundedSocket, MOST_UNSENT, type Bounds } from '../bounded-socket.js'
import type { Account, Served } from '../sockets.js'
import { isClaimOf, type Claim, type PeerBoxes } from './peer-boxes.js'
import { errors, errorText, expireText, ID_TAKEN, MOST_ADDED, OPEN, parseMessage, relayedText, type FromPeer } from './protocol.js'
import type { Sender, Unanswered } from './unanswered.js'

/** How often a message is stored if the store does not respond. */
const TRIES = 3
/** How long a read of the messages waits before it looks whether it should, in ms. */
const LONG = 3_600_000

/** How many claims are read at a time; one is the rule. */
const MOST_CLAIMS = 8

const REPLACED = 'Replaced by a newer connection'

/** What the sockets of an endpoint share. */
export interface PeerSockets extends Bounds {
  boxes: PeerBoxes
  unanswered: Unanswered
  /** by peer id */
  peers: Map<string, PeerSocket>
  /** reports what should not happen */
  onError: (error: unknown) => void
}

/** A client, as the request says that opened its socket. */
export interface Client extends Sender {
  account: Account
}

/** The socket of a peer, from its first byte to its last. */
export class PeerSocket implements Served {
  readonly #endpoint: PeerSockets
  readonly #client: Client
  readonly #socket: BoundedSocket
  /** its claim to the id; undefined if it has none */
  #claim: Claim | undefined

  constructor (endpoint: PeerSockets, socket: WebSocket, client: Client) {
    this.#endpoint = endpoint
    this.#client = client
    this.#socket = new BoundedSocket(socket, endpoint, {
      begin: () => this.#begin(),
      receive: text => () => this.#handle(text),
      fail: error => { this.#fail(error) },
      flood: errorText(errors.rate)
    })
  }

  /** Closes the socket. The id stays with its token until it is released or the timeout is over. */
  end (code: number, reason: string, last?: string): void {
    this.#socket.end(code, reason, last)
  }

  shutDown (): void {
    this.#socket.shutDown()
  }

  /** Tells the client that what this sender sent was not received in time. */
  expired ({ token }: Sender, dst: string): void {
    if (token === this.#client.token) this.#socket.tell(expireText(this.#client.id, dst))
  }

  async closed (keepId: boolean): Promise<void> {
    this.#socket.stop()
    await this.#socket.handled
    const { peers, boxes } = this.#endpoint
    const { id } = this.#client
    const isReplaced = peers.has(id) && peers.get(id) !== this
    if (!isReplaced) peers.delete(id)
    if (!keepId && !isReplaced && this.#claim !== undefined) await boxes.release(id, this.#claim)
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
    this.#socket.tell(OPEN)
    for (const reading of [this.#keepClaim(), this.#readMail()]) reading.catch(error => { this.#fail(error) })
  }

  get #isOver (): boolean {
    return this.#socket.over.aborted
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
      over: this.#socket.over,
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
      over: this.#socket.over,
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
            if (!await this.#socket.deliver(text)) return await discard()
            sent++
          }
        }
        await discard()
      }
    })
  }

  async #handle (text: string): Promise<void> {
    const message = parseMessage(text)
    if (message?.type === 'HEARTBEAT') return
    await this.#client.account.stores()
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
    if (seq !== undefined) unanswered.add(dst, { seq, text }, isNews ? undefined : this.#client)
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
        if (tries === TRIES || this.#socket.ended.aborted) return undefined
        await pause(RETRY_AFTER, this.#socket.ended)
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
