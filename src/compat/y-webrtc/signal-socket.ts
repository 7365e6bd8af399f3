import type { WebSocket } from 'ws'
import { hasCode, isAway } from '../../errors.js'
import { pause, RETRY_AFTER } from '../attend.js'
import { BoundedSocket, type Bounds } from '../bounded-socket.js'
import type { Account, Served } from '../sockets.js'
import { LateWork } from './late-work.js'
import { parseMessage, PONG, type FromClient } from './protocol.js'
import type { Subscriber } from './topic.js'
import type { Topics } from './topics.js'

/** The most topics of a socket. An application has one for each document that is open. */
const MOST_TOPICS = 256
/** How often a socket is pinged while it may be silent. */
const PINGS = 3

/** What the sockets of an endpoint share. */
export interface SignalSockets extends Bounds {
  topics: Topics
  /** reports what should not happen */
  onError: (error: unknown) => void
}

/** The socket of a client, from its first byte to its last. */
export class SignalSocket implements Served, Subscriber {
  readonly #endpoint: SignalSockets
  readonly #account: Account
  readonly #socket: BoundedSocket
  readonly #names = new Set<string>()
  readonly #late = new LateWork(error => { this.fail(error) })
  readonly #pinging: NodeJS.Timeout

  constructor (endpoint: SignalSockets, socket: WebSocket, account: Account) {
    this.#endpoint = endpoint
    this.#account = account
    this.#socket = new BoundedSocket(socket, endpoint, {
      receive: text => this.#receive(text),
      fail: error => { this.fail(error) }
    })
    // Not all clients send pings of their own.
    this.#pinging = setInterval(() => { socket.ping() }, endpoint.timeout / PINGS)
    socket.on('pong', () => { this.#socket.heard() })
  }

  publish (text: Buffer): void {
    this.#socket.tell(text)
  }

  fail (error: unknown): void {
    this.#endpoint.onError(error)
    this.#socket.end(1011, 'Internal error')
  }

  shutDown (): void {
    this.#socket.shutDown()
  }

  async closed (): Promise<void> {
    clearInterval(this.#pinging)
    this.#socket.stop()
    // It need not wait for what is still to be done, to get no more.
    for (const name of this.#names) this.#endpoint.topics.unsubscribe(name, this)
    await this.#socket.handled
    await this.#late.done
    for (const name of this.#names) this.#endpoint.topics.unsubscribe(name, this)
  }

  #receive (text: string): (() => Promise<void>) | undefined {
    const message = parseMessage(text)
    if (message?.type !== 'ping') return () => this.#handle(message, text)
    // At once, so that the client stays while others of its messages wait.
    this.#socket.tell(PONG)
    return undefined
  }

  async #handle (message: Exclude<FromClient, { type: 'ping' }> | undefined, text: string): Promise<void> {
    const { topics } = this.#endpoint
    const { creates, stores } = this.#account
    await this.#patiently(stores)
    // The official server ignores what it does not know, too.
    if (message === undefined) return
    if (message.type === 'publish') {
      return await this.#about(message.topic, Buffer.byteLength(text), () => topics.publish(message.topic, text, creates))
    }
    for (const name of message.topics) {
      if (message.type === 'unsubscribe') {
        this.#names.delete(name)
        topics.unsubscribe(name, this)
      } else if (!this.#names.has(name) && this.#names.size < MOST_TOPICS) {
        this.#names.add(name)
        await this.#about(name, name.length, async () => {
          if (this.#names.has(name) && !this.#socket.over.aborted) await topics.subscribe(name, this, creates)
        })
      }
    }
  }

  /** Does what concerns a topic, or puts it off if the client has reached the limit on new ones. */
  async #about (topic: string, bytes: number, work: () => Promise<void>): Promise<void> {
    if (!this.#late.has(topic)) {
      try {
        return await this.#patiently(work, isAwayOrFull)
      } catch (error) {
        if (!isLimited(error)) throw error
      }
    }
    await this.#late.add(topic, bytes, () => this.#patiently(work))
  }

  /**
   * Does what may not be possible yet, while the client waits. Otherwise it would have to be disconnected: it has no way
   * to be told why, and reconnects at once.
   */
  async #patiently (work: () => Promise<void>, mayPass = (error: unknown) => isAwayOrFull(error) || isLimited(error)): Promise<void> {
    for (;;) {
      if (this.#socket.ended.aborted) return
      try {
        return await work()
      } catch (error) {
        if (!mayPass(error)) throw error
      }
      if (this.#socket.over.aborted) return
      await pause(RETRY_AFTER, this.#socket.over)
    }
  }
}

function isAwayOrFull (error: unknown): boolean {
  return isAway(error) || hasCode(error, 'BOX_ERR_STORE_FULL')
}

function isLimited (error: unknown): boolean {
  return hasCode(error, 'BOX_ERR_RATE')
}
