import { host, join, type Call, type CallError, type Peer, type Resume } from 'signalbox-client/webrtc'
import { FileLink } from '../files/file-link.js'
import type { LocalMedia } from '../media/local-media.js'
import type { SavedSession } from '../storage/saved-session.js'
import { failureOf, type Failure } from './failures.js'
import { takeCall } from './one-tab.js'
import type { PageMessage } from './page-messages.js'
import { RemotePage } from './remote-page.js'
import type { Role } from './role.js'
import type { CallEvent, Reason } from './state.js'
import { watchedFetch } from './watched-fetch.js'

export interface CallListener {
  dispatch (event: CallEvent): void
  /** called with somebody's page once it has been admitted, and with undefined when it is gone */
  connectedTo (id: string, remotePage: RemotePage | undefined): void
  /** called with the messages of other pages, except those about admission */
  received (id: string, message: Extract<PageMessage, { type: 'chat' | 'media' | 'name' }>): void
}

/** How long another page may take to say hello or to answer it, in ms. No code is shown before that. */
const HELLO_TIMEOUT = 5_000

/** How long a lost host may take to come back, in ms, while the guests go on without it: longer than `join` tries. */
const REJOIN_TIMEOUT = 60_000

/** How long it takes a guest that joins to meet those who are already there, in ms. */
const MEETING_TIME = 10_000

/** How many people a tab remembers, so that they compare again when they come back. */
const MAX_MET = 20

/**
 * One call of this page, with up to five other people. Turns what happens to connections into events of the page.
 */
export class CallController {
  readonly #remotePages = new WeakMap<RTCDataChannel, RemotePage>()
  /** those who were admitted, by the id of the participant */
  readonly #people = new Map<string, RemotePage>()
  #call: Call | undefined
  /** a guest's host, once it has come */
  #hostId: string | undefined
  /** Whether nothing that still happens matters any more. */
  #over = false
  /** when it met the first person */
  #since: number | undefined
  /** Ends what is left of a host's call, but not its invite. */
  readonly #abort = new AbortController()
  /** Why the call ended while its last connections are still up. */
  #pendingFailure: Failure | undefined

  constructor (
    private readonly role: Role,
    private readonly media: LocalMedia,
    private readonly session: SavedSession,
    private readonly listener: CallListener
  ) {}

  /** @param page where the invite leads; the box routes are next to it */
  async host (page: URL, resume?: Resume): Promise<void> {
    const { signal } = this.#abort
    if (resume !== undefined && !await takeCall(resume.link, signal)) return this.#over ? undefined : this.#fail('elsewhere', false)
    await this.#follow(async () => {
      const call = await host({
        server: new URL('.', page),
        page,
        mesh: true,
        prepare: this.#prepare,
        keepMessages: false,
        fetch: this.#fetch,
        signal,
        refused: error => { this.#guestFailed(error) },
        save: resume => { if (!this.#over) this.session.update({ call: { role: 'host', resume } }) },
        ...(resume && { resume })
      })
      if (resume === undefined && !this.#over) void takeCall(call.resume.link, signal)
      this.#tell({ type: 'opened', invite: call.invite })
      return call
    })
  }

  async join (invite: string): Promise<void> {
    await this.#follow(async () => {
      const call = await join(invite, { mesh: true, prepare: this.#prepare, keepMessages: false, fetch: this.#fetch })
      if (this.#over) return call
      this.session.update({ call: { role: 'guest', invite } })
      this.#tell({ type: 'opened' })
      return call
    })
  }

  /** Sends the message to everybody. @returns whether there was anybody */
  send (message: PageMessage): boolean {
    return [...this.#people.values()].map(remotePage => remotePage.send(message)).includes(true)
  }

  /** This device is back online, and does not wait for the next attempt to restore a connection. */
  retry (): void {
    // Only the host of two restarts ICE. What a guest waits for is an answer of the server, which it asks at once by itself.
    for (const { connection, role } of this.#people.values()) if (role === 'host') connection.restartIce()
  }

  /** Leaves for good: if this is the host, the invite ends. */
  leave (): void {
    this.#end()
    this.listener.dispatch({ type: 'leave' })
  }

  /** Called when the page is unloaded, perhaps only to be reloaded: then a host's guests join again by themselves. */
  unload (): void {
    const people = [...this.#people.values()]
    // What happens from now on is no end of the call, to which a page that is only reloaded comes back.
    this.#people.clear()
    if (this.role === 'guest') {
      this.#over = true
      // A guest that waits in vain would cost the host an attempt.
      void this.#call?.close()
    }
    for (const { peer, connection } of people) {
      // In the same step: the page has no time for another.
      if (this.role === 'guest') void peer?.close()
      connection.close()
    }
  }

  async #follow (open: () => Promise<Call>): Promise<void> {
    try {
      const call = this.#call = await open()
      if (this.#over) {
        await call.close()
        this.#abort.abort()
        return
      }
      for await (const peer of call.peers) this.#onPeer(peer, call.id)
      if (this.#over) return
      // The host left before it admitted anyone.
      if (this.#people.size === 0) return this.#fail('nobody', false)
      // Whoever was to come back does not come any more.
      for (const [id, { connected }] of [...this.#people]) if (!connected) this.#onGone(id, 'left', id === this.#hostId)
    } catch (error) {
      if (this.#over) return
      const failure = failureOf(error, this.#since !== undefined)
      if (failure === 'gone' || failure === 'key') this.session.update({ call: undefined })
      // People who are already connected can continue without the server.
      if ([...this.#people.values()].some(({ connected }) => connected)) this.#pendingFailure = failure
      else this.#fail(failure, false)
    }
  }

  readonly #fetch = watchedFetch({
    silent: failures => { this.#tell({ type: 'serverSilent', failures }) },
    answered: () => { this.#tell({ type: 'serverAnswered' }) },
    leaving: () => this.#over
  })

  readonly #prepare = (connection: RTCPeerConnection, channel: RTCDataChannel): void => {
    const remotePage = new RemotePage(connection, channel, new FileLink(connection))
    this.#remotePages.set(channel, remotePage)
    // A guest first notices the host by its offer; a host prepares a connection for a guest that said hello.
    if (this.role === 'host') {
      remotePage.offerMedia()
      this.#tell({ type: 'peerFound' })
    } else {
      connection.addEventListener('signalingstatechange', () => { this.#tell({ type: 'peerFound' }) }, { once: true })
    }
  }

  #guestFailed (error: CallError): void {
    if (this.#people.size === 0) this.#tell({ type: 'peerFailed', failure: failureOf(error, false) })
  }

  #onPeer (peer: Peer, ownId: string): void {
    const remotePage = this.#remotePages.get(peer.channel)
    if (remotePage === undefined) return
    const { id } = peer
    if (this.role === 'guest') this.#hostId ??= id
    remotePage.meet(peer, this.role === 'host' || (id !== this.#hostId && ownId < id) ? 'host' : 'guest')
    const limit = setTimeout(() => { if (this.#people.get(id) !== remotePage) this.#onNoHello(peer) }, HELLO_TIMEOUT)
    remotePage.listen(message => { this.#onMessage(remotePage, peer, message) })
    if (remotePage.role === 'guest') remotePage.send({ type: 'hello' })
    peer.connection.addEventListener('connectionstatechange', () => {
      if (this.#people.get(id) !== remotePage) return
      const { connectionState } = peer.connection
      if (connectionState === 'connected') this.#tell({ type: 'recovered', id })
      if (connectionState === 'disconnected' || connectionState === 'failed') this.#tell({ type: 'interrupted', id })
    })
    void peer.closed.then(reason => {
      clearTimeout(limit)
      this.#onClosed(remotePage, id, reason)
    })
  }

  #onMessage (remotePage: RemotePage, peer: Peer, message: PageMessage): void {
    if (this.#over) return
    const admitted = this.#people.get(peer.id) === remotePage
    switch (message.type) {
      case 'hello':
        if (remotePage.role !== 'host' || admitted) break
        remotePage.send({ type: 'welcome' })
        this.#connect(remotePage, peer)
        break
      case 'welcome':
        if (remotePage.role === 'guest' && !admitted) this.#connect(remotePage, peer)
        break
      default:
        if (admitted) this.listener.received(peer.id, message)
    }
  }

  #connect (remotePage: RemotePage, peer: Peer): void {
    const { id } = peer
    const before = this.#people.get(id)
    const { met = [] } = this.session.data
    // Someone was connected before, with another code, perhaps before the page was reloaded.
    const codeChanged = met.includes(id) || (this.#people.size === 0 && met.length > 0)
    // First: not all that was sent to the page before is meant for this one.
    this.listener.connectedTo(id, remotePage)
    this.#people.set(id, remotePage)
    if (before !== undefined) this.media.detach(before.senders)
    void before?.peer?.close()
    remotePage.offerMedia()
    this.media.attach(remotePage.senders)
    remotePage.sendersChanged = () => { if (this.#people.get(id) === remotePage) this.media.attach(remotePage.senders) }
    this.#since ??= performance.now()
    const meeting = this.role === 'guest' && performance.now() - this.#since < MEETING_TIME
    this.#tell({ type: 'connected', id, code: peer.code, codeChanged, arrival: meeting ? undefined : met.includes(id) ? 'back' : 'new' })
    this.session.update({ met: [...met.filter(other => other !== id), id].slice(-MAX_MET) })
  }

  /** The other page never said hello: who keeps people from seeing the code must not keep the connection. */
  #onNoHello (peer: Peer): void {
    if (peer.id === this.#hostId && this.#people.size === 0) this.#fail('nobody')
    else void peer.close()
  }

  /** @param anew whether trying again begins anew, not with the same invite */
  #fail (failure: Failure, anew = true): void {
    if (anew) {
      this.#end()
    } else {
      this.#over = true
      this.#forgetAll()
      // This page hears nobody any more, so nobody must go on believing that they are connected to it.
      this.#abort.abort()
    }
    this.listener.dispatch({ type: 'fail', failure })
  }

  #tell (event: CallEvent): void {
    if (!this.#over) this.listener.dispatch(event)
  }

  #end (): void {
    this.#over = true
    this.session.update({ call: undefined })
    this.#forgetAll()
    void this.#call?.close().catch(() => {}).then(() => { this.#abort.abort() })
  }

  #forgetAll (): void {
    for (const id of [...this.#people.keys()]) this.#forget(id)
  }

  #forget (id: string): void {
    const remotePage = this.#people.get(id)
    if (remotePage !== undefined) this.media.detach(remotePage.senders)
    this.#people.delete(id)
    this.listener.connectedTo(id, undefined)
  }

  #onClosed (remotePage: RemotePage, id: string, reason: unknown): void {
    if (this.#people.get(id) !== remotePage) {
      // Connected, but never admitted: a host that is alone waits again, with its link.
      if (this.role === 'host' && this.#people.size === 0) this.#tell({ type: 'peerFailed', failure: 'nobody' })
      return
    }
    const host = id === this.#hostId
    const gone = () => { this.#onGone(id, reason === undefined ? 'left' : failureOf(reason), host) }
    if (!host || reason === undefined || this.#pendingFailure !== undefined) return gone()
    // `join` says hello again on its own, and fails if nobody else is left.
    this.#tell({ type: 'interrupted', id, rejoining: true })
    setTimeout(() => { if (this.#people.get(id) === remotePage && this.#people.size > 1) gone() }, REJOIN_TIMEOUT)
  }

  #onGone (id: string, notice: Reason, host: boolean): void {
    this.#forget(id)
    if (this.#people.size > 0) return this.#tell({ type: 'peerGone', id, notice, host })
    if (this.#pendingFailure !== undefined) return this.#fail(this.#pendingFailure, this.role === 'guest')
    if (this.role === 'guest') this.#end()
    this.listener.dispatch({ type: 'peerGone', id, notice })
  }
}
