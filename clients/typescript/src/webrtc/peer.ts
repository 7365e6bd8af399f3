import { LONGEST_TIMER, Scope } from '../scope.js'
import type { Contribution } from './agreement.js'
import { verifyCertificates } from './certificate.js'
import type { Channel } from './channel.js'
import type { ControlChannel } from './control-channel.js'
import { deferred } from './deferred.js'
import type { EarlyMessages } from './early-messages.js'
import { CallError } from './errors.js'
import { Negotiation, type Negotiator } from './negotiation.js'
import { SwitchingChannel } from './switching-channel.js'

/** The other side of a call, connected. */
export interface Peer {
  /**
   * Identifies the participant: the same for everyone in the call, as long as this participant stays. A guest that
   * reloads its page gets a new one. An id proves nothing; `code` does.
   */
  readonly id: string
  /** The connection, for adding tracks and reading statistics. */
  readonly connection: RTCPeerConnection
  /**
   * An open data channel for your own use. Messages that arrive before you first read this property are kept, and
   * delivered once the code that reads it has run: add your listener there, before any `await`.
   */
  readonly channel: RTCDataChannel
  /**
   * Six digits that are equal on both sides unless someone is in the middle. Read this property when you
   * show the code: an attempt to join counts as failed unless the code was read and the connection then
   * lasted 20 s.
   * @throws CallError with `CALL_ERR_UNVERIFIED` if `compare` is false and the implementation exposes no
   * certificates
   */
  readonly code: string
  /**
   * Resolves when the connection has ended: with undefined if either side closed it without a reason, otherwise with
   * the reason: a `CallError` or, after an abort, the signal's reason.
   */
  readonly closed: Promise<Error | undefined>
  /**
   * Closes the connection and tells the other side. It is told a reason that concerns both sides, such as
   * `CALL_ERR_FULL` when someone else takes its place; any other reason reaches it as `CALL_ERR_CLOSED`.
   */
  close (reason?: CallError): Promise<void>
}

/** Time limits in ms. `answer` may be Infinity. */
export interface Timeouts {
  /** until the other side's first description arrives, or the host says that it needs longer */
  answer: number
  /** how often a host says so to a guest that has to wait */
  waiting: number
  /** from then on, until ICE finds a path */
  ice: number
  /** until a broken path is restored */
  reconnect: number
  /** how long the connection may be `disconnected` before ICE is restarted */
  disconnected: number
  /**
   * how long to wait, once the data channel has closed, for the message that says this was intended; also, how
   * long it may take to tell the other side of the end, and to hear its own `end` over the control channel
   */
  close: number
  /** the time people need to compare the code */
  compare: number
}

/** How two sides connect. Only tests change the defaults. */
export interface Settings {
  timeouts: Timeouts
  /** whether people compare codes, so that each code must prove something */
  compare: boolean
  negotiate: (connection: RTCPeerConnection, channel: Channel, contribution: Contribution) => Negotiator
}

export const defaultSettings: Settings = {
  timeouts: { answer: 30_000, waiting: 10_000, ice: 20_000, reconnect: 20_000, disconnected: 3_000, close: 1_000, compare: 20_000 },
  compare: true,
  negotiate: (connection, channel, contribution) => new Negotiation(connection, channel, contribution)
}

/** A local connection that has not been negotiated yet. */
export interface PreparedConnection {
  connection: RTCPeerConnection
  dataChannel: RTCDataChannel
  control: ControlChannel
  /** the messages that arrive before the peer is taken, unless the application listens on its own */
  early?: EarlyMessages | undefined
  /** Resolves when the ICE servers are configured, with whether there is a TURN server among them. */
  turn: boolean | Promise<boolean>
}

/** A peer, and whether people could compare its code: false if it ended before that. */
export interface ConnectedPeer {
  peer: Peer
  compared: Promise<boolean>
}

/**
 * Connects the local connection to the one at the other end of the channel. Rejects with the reason if that fails.
 * @param id the other participant's
 */
export async function connectPeer (id: string, prepared: PreparedConnection, channel: Channel, contribution: Contribution, settings: Settings, signal?: AbortSignal): Promise<ConnectedPeer> {
  const turn = await prepared.turn
  const line = new SwitchingChannel(channel, prepared.control, prepared.connection, signal)
  const negotiation = settings.negotiate(prepared.connection, line, contribution)
  const peer = new ManagedPeer(id, { ...prepared, turn }, line, negotiation, settings, signal)
  // Only a host may take its time: a slow guest would keep other guests waiting.
  if (contribution.role === 'guest') line.onValue = () => { peer.wait() }
  return await peer.connect()
}

class ManagedPeer {
  readonly #open = deferred<void>()
  readonly #over = deferred<Error | undefined>()
  #reason: unknown
  #answered = false
  #connected = false
  #ended = false
  #timeout: ReturnType<typeof setTimeout> | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined
  #disconnectedTimer: ReturnType<typeof setTimeout> | undefined
  #restartTimer: ReturnType<typeof setTimeout> | undefined
  /** ICE restarts since the connection was last up */
  #restarts = 0

  constructor (
    private readonly id: string,
    private readonly prepared: PreparedConnection & { turn: boolean },
    private readonly channel: SwitchingChannel,
    private readonly negotiation: Negotiator,
    private readonly settings: Settings,
    private readonly signal: AbortSignal | undefined
  ) {
    this.#open.promise.catch(() => {})
  }

  async connect (): Promise<ConnectedPeer> {
    const { connection, dataChannel, early } = this.prepared
    connection.addEventListener('connectionstatechange', this.#onState)
    dataChannel.addEventListener('open', this.#onOpen)
    dataChannel.addEventListener('close', this.#onClose)
    this.signal?.addEventListener('abort', this.#onAbort)
    if (early !== undefined) early.onFull = () => { void this.#end(new CallError('CALL_ERR_FULL')) }
    if (this.signal?.aborted) this.#onAbort()

    this.wait()
    void this.negotiation.answered.then(() => {
      this.#answered = true
      if (!this.#connected) this.#failAfter(this.settings.timeouts.ice, this.#noPath)
    })
    void this.negotiation.run().then(() => this.#end(), error => this.#end(error))
    try {
      const [{ code, fingerprint }] = await Promise.all([this.negotiation.agreement, this.#open.promise])
      const verified = await verifyCertificates(connection, fingerprint)
      if (!verified && this.settings.compare) throw new CallError('CALL_ERR_UNVERIFIED')
      if (this.#ended) throw new CallError('CALL_ERR_CLOSED')
      this.#connected = true
      clearTimeout(this.#timeout)
      this.channel.start()
      const read = deferred<void>()
      const peer = {
        id: this.id,
        connection,
        get channel () {
          early?.release()
          return dataChannel
        },
        get code () {
          if (!verified) throw new CallError('CALL_ERR_UNVERIFIED')
          read.resolve()
          return code
        },
        closed: this.#over.promise,
        close: (reason?: CallError) => this.#end(reason)
      }
      return { peer, compared: this.#compared(read.promise) }
    } catch (error) {
      // Whatever ended it first is the cause; everything after that is a consequence.
      await this.#end(error)
      throw this.#reason ?? error
    }
  }

  /** The other side has this much time to answer, from now on. */
  wait (): void {
    if (!this.#answered) this.#failAfter(this.settings.timeouts.answer, () => new CallError('CALL_ERR_NO_PEER'))
  }

  /** Whether the code was read in time, and the connection then lasted long enough. */
  async #compared (read: Promise<void>): Promise<boolean> {
    const over = this.#over.promise.then(() => {})
    let wasRead = false
    void read.then(() => { wasRead = true })
    await Scope.settled(Promise.race([read, over]), this.settings.timeouts.compare)
    if (wasRead) await Scope.settled(over, this.settings.timeouts.compare)
    return wasRead && !this.#ended && this.prepared.connection.connectionState === 'connected'
  }

  readonly #onAbort = () => { void this.#end(this.signal?.reason) }
  readonly #onOpen = () => { this.#open.resolve() }
  // If the other side closed the connection, this is the first sign. The channel tells whether that was
  // intended. This timer is not the shared one: whatever the connection does in the meantime, a closed data
  // channel is the end.
  readonly #onClose = () => {
    if (!this.#ended) this.#closeTimer ??= setTimeout(() => { void this.#end(new CallError('CALL_ERR_LOST')) }, this.settings.timeouts.close)
  }

  readonly #onState = () => {
    clearTimeout(this.#disconnectedTimer)
    switch (this.prepared.connection.connectionState) {
      case 'connected':
        clearTimeout(this.#restartTimer)
        this.#restarts = 0
        if (this.#connected) clearTimeout(this.#timeout)
        break
      case 'disconnected':
        this.#disconnectedTimer = setTimeout(this.#reconnect, this.settings.timeouts.disconnected)
        break
      case 'failed':
        this.#reconnect()
        break
      case 'closed':
        this.#onClose()
    }
  }

  /**
   * Restarts at once the first time, then after ever longer pauses: if a path fails fast, each try costs
   * messages and TURN allocations.
   */
  readonly #reconnect = () => {
    if (this.#connected && this.#restarts === 0) this.#failAfter(this.settings.timeouts.reconnect, () => new CallError('CALL_ERR_LOST'))
    const pause = this.#restarts === 0 ? 0 : 500 * 2 ** Math.min(this.#restarts, 4)
    this.#restarts++
    clearTimeout(this.#restartTimer)
    this.#restartTimer = setTimeout(() => { this.negotiation.restart() }, pause)
  }

  readonly #noPath = () => new CallError(this.prepared.turn ? 'CALL_ERR_NO_PATH_WITH_TURN' : 'CALL_ERR_NO_PATH')

  /** One time limit at a time: a new one replaces the last. */
  #failAfter (ms: number, error: () => CallError) {
    clearTimeout(this.#timeout)
    if (ms <= LONGEST_TIMER && !this.#ended) this.#timeout = setTimeout(() => { void this.#end(error()) }, ms)
  }

  async #end (reason?: unknown): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const { connection, dataChannel } = this.prepared
    clearTimeout(this.#timeout)
    clearTimeout(this.#closeTimer)
    clearTimeout(this.#disconnectedTimer)
    clearTimeout(this.#restartTimer)
    connection.removeEventListener('connectionstatechange', this.#onState)
    dataChannel.removeEventListener('open', this.#onOpen)
    dataChannel.removeEventListener('close', this.#onClose)
    this.signal?.removeEventListener('abort', this.#onAbort)
    this.#reason = reason
    this.#over.resolve(reason === undefined ? undefined : asError(reason))
    this.#open.reject(reason ?? new CallError('CALL_ERR_CLOSED'))
    // Tell the other side before closing; otherwise it takes this for a lost connection.
    await Scope.settled(this.channel.close(reason), this.settings.timeouts.close)
    connection.close()
  }
}

/** A signal may be aborted with anything. */
function asError (reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException(String(reason), 'AbortError')
}
