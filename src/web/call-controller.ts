import { host, join, type Call, type CallError, type Peer, type Resume } from 'signalbox-client/webrtc'
import { failureOf, type Failure } from './failures.js'
import type { Keep } from './keep.js'
import { Line } from './line.js'
import type { Media } from './media.js'
import type { Message } from './messages.js'
import type { Event, Role } from './state.js'

export interface CallFace {
  dispatch (event: Event): void
  /** the one whom this page talks to, once let in; nobody any more with undefined */
  talking (line: Line | undefined): void
  /** what the other page says, other than about letting in and leaving */
  heard (message: Extract<Message, { type: 'chat' | 'media' }>): void
}

/** How long the other page may take to say hello, or to answer it, ms. No code is shown before. */
const HELLO = 5_000

/**
 * One call of this page, with one other person: a further guest is told that the call is full. It
 * turns what happens to connections into events of the page.
 */
export class PageCall {
  readonly #lines = new WeakMap<RTCDataChannel, Line>()
  #call: Call | undefined
  #line: Line | undefined
  #left = false
  /** Somebody was in the call before, with another code. */
  #again = false
  /** The call ended while its last connection still stands. */
  #over: Failure | undefined

  constructor (
    private readonly role: Role,
    private readonly media: Media,
    private readonly keep: Keep,
    private readonly face: CallFace
  ) {}

  /** @param page where the invite leads; the box routes are beside it */
  async host (page: URL, resume?: Resume): Promise<void> {
    await this.#follow(async () => {
      const call = await host({
        server: new URL('.', page),
        page,
        prepare: this.#prepare,
        refused: error => { this.#missed(error) },
        save: resume => { if (!this.#left) this.keep.set({ call: { role: 'host', resume } }) },
        ...(resume && { resume })
      })
      this.face.dispatch({ type: 'opened', invite: call.invite })
      return call
    })
  }

  async join (invite: string): Promise<void> {
    await this.#follow(async () => {
      const call = await join(invite, { prepare: this.#prepare })
      this.keep.set({ call: { role: 'guest', invite } })
      this.face.dispatch({ type: 'opened' })
      return call
    })
  }

  say (message: Message): boolean {
    return this.#line?.say(message) ?? false
  }

  /** For good: the host's invite ends. */
  leave (): void {
    this.#left = true
    this.keep.set({ call: undefined })
    this.#line = undefined
    this.face.talking(undefined)
    this.#call?.close().catch(() => {})
    this.face.dispatch({ type: 'leave' })
  }

  /** The page goes, perhaps only to be loaded again. There is no time for a word through the server. */
  abandon (): void {
    if (this.role === 'guest') this.say({ type: 'bye' })
    this.#line?.connection.close()
  }

  async #follow (open: () => Promise<Call>): Promise<void> {
    try {
      const call = this.#call = await open()
      if (this.#left) {
        await call.close()
        return
      }
      for await (const peer of call.peers) this.#meet(peer)
      // The host left before it let anybody in.
      if (!this.#left && this.#line === undefined) this.face.dispatch({ type: 'fail', failure: 'nobody' })
    } catch (error) {
      if (this.#left) return
      const failure = failureOf(error)
      if (failure === 'gone' || failure === 'key') this.keep.set({ call: undefined })
      // Who talks already can go on talking without the server.
      if (this.#line?.alive) this.#over = failure
      else this.face.dispatch({ type: 'fail', failure })
    }
  }

  readonly #prepare = (connection: RTCPeerConnection, channel: RTCDataChannel): void => {
    const line = new Line(connection, channel, this.role)
    this.#lines.set(channel, line)
    // The guest's first sign of the host is its offer; the host prepares for a guest that said hello.
    if (this.role === 'host') this.face.dispatch({ type: 'found' })
    else connection.addEventListener('signalingstatechange', () => { this.face.dispatch({ type: 'found' }) }, { once: true })
    connection.addEventListener('connectionstatechange', () => {
      if (this.#line !== line) return
      const { connectionState } = connection
      if (connectionState === 'connected') this.face.dispatch({ type: 'recovered' })
      if (connectionState === 'disconnected' || connectionState === 'failed') this.face.dispatch({ type: 'interrupted' })
    })
  }

  #missed (error: CallError): void {
    if (this.#line === undefined) this.face.dispatch({ type: 'missed', failure: failureOf(error) })
  }

  #meet (peer: Peer): void {
    const line = this.#lines.get(peer.channel)
    if (line === undefined) return
    line.peer = peer
    // Whoever keeps people from seeing the code must not keep the connection.
    const limit = setTimeout(() => { if (this.#line !== line) this.#silent(peer) }, HELLO)
    line.listen(message => { this.#take(line, peer, message) })
    if (this.role === 'guest') line.say({ type: 'hello' })
    void peer.closed.then(reason => {
      clearTimeout(limit)
      this.#closed(line, reason)
    })
  }

  #take (line: Line, peer: Peer, message: Message): void {
    switch (message.type) {
      case 'hello':
        if (this.role === 'host') this.#letIn(line, peer)
        break
      case 'welcome':
        if (this.role === 'guest' && this.#line !== line) this.#begin(line, peer)
        break
      case 'full':
        if (this.role === 'guest') this.#failed('full')
        break
      case 'bye':
        void peer.close()
        break
      default:
        if (this.#line === line) this.face.heard(message)
    }
  }

  /** Nobody takes the place of a connection that stands, whoever he says he is. */
  #letIn (line: Line, peer: Peer): void {
    const current = this.#line
    if (current === line) return
    if (current?.alive) {
      line.say({ type: 'full' })
      void peer.close()
      return
    }
    // Broken anyway: the same person again, or somebody else.
    this.#line = undefined
    void current?.peer?.close()
    line.say({ type: 'welcome' })
    this.#begin(line, peer)
  }

  #begin (line: Line, peer: Peer): void {
    this.#line = line
    this.media.attach(line.senders)
    this.face.talking(line)
    this.face.dispatch({ type: 'connected', code: peer.code, again: this.#again })
    this.#again = true
  }

  /** The other page never spoke. */
  #silent (peer: Peer): void {
    if (this.role === 'guest') this.#failed('nobody')
    else void peer.close()
  }

  #failed (failure: Failure): void {
    this.#left = true
    this.#call?.close().catch(() => {})
    this.keep.set({ call: undefined })
    this.face.dispatch({ type: 'fail', failure })
  }

  #closed (line: Line, reason: unknown): void {
    if (this.#line !== line) return
    // The guest's helper says hello again by itself after a connection that broke.
    if (this.role === 'guest' && reason !== undefined) return this.face.dispatch({ type: 'interrupted' })
    this.#line = undefined
    this.face.talking(undefined)
    if (this.role === 'guest') {
      this.#left = true
      this.keep.set({ call: undefined })
    }
    this.face.dispatch(this.#over === undefined
      ? { type: 'gone', notice: reason === undefined ? 'left' : failureOf(reason) }
      : { type: 'fail', failure: this.#over })
  }
}
