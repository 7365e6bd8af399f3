import { CallError, host, join, type Call, type Peer, type Resume } from 'signalbox-client/webrtc'
import { failureOf, type Failure } from './failures.js'
import { FileLink } from './files/file-link.js'
import type { SavedSession } from './saved-session.js'
import { watchedFetch } from './watched-fetch.js'
import { RemotePage } from './remote-page.js'
import type { LocalMedia } from './local-media.js'
import type { PageMessage } from './page-messages.js'
import type { Role } from './role.js'
import type { CallEvent } from './state.js'

export interface CallListener {
  dispatch (event: CallEvent): void
  /** called with the other page once it has been admitted, and with undefined when it is gone */
  connectedTo (remotePage: RemotePage | undefined): void
  /** called with the other page's messages, except those about admission */
  received (message: Extract<PageMessage, { type: 'chat' | 'media' | 'name' }>): void
}

/** How long the other page may take to say hello or to answer it, in ms. No code is shown before that. */
const HELLO_TIMEOUT = 5_000

/**
 * One call of this page, with one other person: further guests are told that the call is full. Turns what
 * happens to connections into events of the page.
 */
export class CallController {
  readonly #remotePages = new WeakMap<RTCDataChannel, RemotePage>()
  #call: Call | undefined
  #remotePage: RemotePage | undefined
  #left = false
  /** Why the call ended while its last connection is still up. */
  #pendingFailure: Failure | undefined

  constructor (
    private readonly role: Role,
    private readonly media: LocalMedia,
    private readonly session: SavedSession,
    private readonly listener: CallListener
  ) {}

  /** @param page where the invite leads; the box routes are next to it */
  async host (page: URL, resume?: Resume): Promise<void> {
    await this.#follow(async () => {
      const call = await host({
        server: new URL('.', page),
        page,
        prepare: this.#prepare,
        keepMessages: false,
        fetch: this.#fetch,
        refused: error => { this.#guestFailed(error) },
        save: resume => { if (!this.#left) this.session.update({ call: { role: 'host', resume } }) },
        ...(resume && { resume })
      })
      if (!this.#left) this.listener.dispatch({ type: 'opened', invite: call.invite })
      return call
    })
  }

  async join (invite: string): Promise<void> {
    await this.#follow(async () => {
      const call = await join(invite, { prepare: this.#prepare, keepMessages: false, fetch: this.#fetch })
      if (this.#left) return call
      this.session.update({ call: { role: 'guest', invite } })
      this.listener.dispatch({ type: 'opened' })
      return call
    })
  }

  send (message: PageMessage): boolean {
    return this.#remotePage?.send(message) ?? false
  }

  /** This device is back online: the host does not wait for the next attempt to restore the connection. */
  retry (): void {
    // Only the host restarts ICE. What a guest waits for is an answer of the server, which it asks at once by itself.
    if (this.role === 'host') this.#remotePage?.connection.restartIce()
  }

  /** Leaves for good: if this is the host, the invite ends. */
  leave (): void {
    this.#left = true
    this.session.update({ call: undefined })
    this.#remotePage = undefined
    this.listener.connectedTo(undefined)
    this.#call?.close().catch(() => {})
    this.listener.dispatch({ type: 'leave' })
  }

  /** Called when the page is unloaded, perhaps only to be reloaded: then a host's guest joins again by itself. */
  unload (): void {
    const remotePage = this.#remotePage
    // What happens from now on is no end of the call, to which a page that is only reloaded comes back.
    this.#remotePage = undefined
    if (this.role === 'guest') void remotePage?.peer?.close()
    remotePage?.connection.close()
  }

  async #follow (open: () => Promise<Call>): Promise<void> {
    try {
      const call = this.#call = await open()
      if (this.#left) {
        await call.close()
        return
      }
      for await (const peer of call.peers) this.#onPeer(peer)
      // The host left before it admitted anyone.
      if (!this.#left && this.#remotePage === undefined) this.listener.dispatch({ type: 'fail', failure: 'nobody' })
    } catch (error) {
      if (this.#left) return
      const failure = failureOf(error)
      if (failure === 'gone' || failure === 'key') this.session.update({ call: undefined })
      // People who are already connected can continue without the server.
      if (this.#remotePage?.connected) this.#pendingFailure = failure
      else this.listener.dispatch({ type: 'fail', failure })
    }
  }

  readonly #fetch = watchedFetch(failures => { if (!this.#left) this.listener.dispatch({ type: 'serverSilent', failures }) })

  readonly #prepare = (connection: RTCPeerConnection, channel: RTCDataChannel): void => {
    // A guest for whom there is no room hears so at once, and is not asked for its camera.
    if (this.role === 'host' && this.#remotePage?.connected) throw new CallError('CALL_ERR_FULL')
    const remotePage = new RemotePage(connection, channel, this.role, new FileLink(connection))
    this.#remotePages.set(channel, remotePage)
    // A guest first notices the host by its offer; a host prepares a connection for a guest that said hello.
    if (this.role === 'host') this.listener.dispatch({ type: 'peerFound' })
    else connection.addEventListener('signalingstatechange', () => { this.listener.dispatch({ type: 'peerFound' }) }, { once: true })
    connection.addEventListener('connectionstatechange', () => {
      if (this.#remotePage !== remotePage) return
      const { connectionState } = connection
      if (connectionState === 'connected') this.listener.dispatch({ type: 'recovered' })
      if (connectionState === 'disconnected' || connectionState === 'failed') this.listener.dispatch({ type: 'interrupted' })
    })
  }

  #guestFailed (error: CallError): void {
    if (this.#remotePage === undefined) this.listener.dispatch({ type: 'peerFailed', failure: failureOf(error) })
  }

  #onPeer (peer: Peer): void {
    const remotePage = this.#remotePages.get(peer.channel)
    if (remotePage === undefined) return
    remotePage.peer = peer
    // A peer that keeps people from seeing the code must not keep the connection.
    const limit = setTimeout(() => { if (this.#remotePage !== remotePage) this.#onNoHello(peer) }, HELLO_TIMEOUT)
    remotePage.listen(message => { this.#onMessage(remotePage, peer, message) })
    if (this.role === 'guest') remotePage.send({ type: 'hello' })
    void peer.closed.then(reason => {
      clearTimeout(limit)
      this.#onClosed(remotePage, reason)
    })
  }

  #onMessage (remotePage: RemotePage, peer: Peer, message: PageMessage): void {
    switch (message.type) {
      case 'hello':
        if (this.role === 'host') this.#admit(remotePage, peer)
        break
      case 'welcome':
        if (this.role === 'guest' && this.#remotePage !== remotePage) this.#connect(remotePage, peer)
        break
      case 'full':
        if (this.role === 'guest') this.#fail('full')
        break
      default:
        if (this.#remotePage === remotePage) this.listener.received(message)
    }
  }

  /** Nobody can replace a peer that is connected, whoever they claim to be. */
  #admit (remotePage: RemotePage, peer: Peer): void {
    const current = this.#remotePage
    if (current === remotePage) return
    if (current?.connected) {
      remotePage.send({ type: 'full' })
      void peer.close()
      return
    }
    // The old connection is broken: this is the same person again, or someone else.
    this.#remotePage = undefined
    void current?.peer?.close()
    remotePage.send({ type: 'welcome' })
    this.#connect(remotePage, peer)
  }

  #connect (remotePage: RemotePage, peer: Peer): void {
    this.#remotePage = remotePage
    // First: not all that was sent to the page before is meant for this one.
    this.listener.connectedTo(remotePage)
    this.media.attach(remotePage.senders)
    // Someone was connected before, with another code, perhaps before the page was reloaded.
    this.listener.dispatch({ type: 'connected', code: peer.code, codeChanged: this.session.data.hadCode === true })
    this.session.update({ hadCode: true })
  }

  /** The other page never said hello. */
  #onNoHello (peer: Peer): void {
    if (this.role === 'guest') this.#fail('nobody')
    else void peer.close()
  }

  #fail (failure: Failure): void {
    this.#left = true
    this.#call?.close().catch(() => {})
    this.session.update({ call: undefined })
    this.listener.dispatch({ type: 'fail', failure })
  }

  #onClosed (remotePage: RemotePage, reason: unknown): void {
    if (this.#remotePage !== remotePage) {
      // Connected, but never admitted: the host's page waits again, with its link.
      if (this.role === 'host' && this.#remotePage === undefined && !this.#left) this.listener.dispatch({ type: 'peerFailed', failure: 'nobody' })
      return
    }
    // After a lost connection, `join` says hello again on its own.
    if (this.role === 'guest' && reason !== undefined) return this.listener.dispatch({ type: 'interrupted', rejoining: true })
    this.#remotePage = undefined
    this.listener.connectedTo(undefined)
    if (this.role === 'guest') {
      this.#left = true
      this.session.update({ call: undefined })
    }
    this.listener.dispatch(this.#pendingFailure === undefined
      ? { type: 'peerGone', notice: reason === undefined ? 'left' : failureOf(reason) }
      : { type: 'fail', failure: this.#pendingFailure })
  }
}
