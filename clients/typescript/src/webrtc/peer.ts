import type { Proof } from './agreement.js'
import type { Channel } from './channel.js'
import { CallError } from './errors.js'
import { Negotiation, type Negotiating } from './negotiation.js'
import { settled } from './settled.js'

/** A connected other side. */
export interface Peer {
  readonly connection: RTCPeerConnection
  /** An open data channel, for whatever you like. */
  readonly channel: RTCDataChannel
  /**
   * Six digits that both sides see if nobody sits between them. Read it when you show it: an attempt
   * to join counts as failed unless the code was read and the connection stood for 20 s from then on.
   */
  readonly code: string
  /** Settles when it is over: with nothing where either side closed it, else with what broke it. */
  readonly closed: Promise<unknown>
  /** Leaves, and tells the other side. */
  close (): Promise<void>
}

/** How long things may take, in ms. `answer` can be Infinity. */
export interface Patience {
  /** until the other side describes itself */
  answer: number
  /** from then on, until a path is found */
  path: number
  /** until a path that broke is mended */
  mend: number
  /** how long a path may be silent before a new one is looked for */
  silence: number
  /** between the end of the data channel and the word that it was meant */
  farewell: number
  /** until people have compared a code that they see */
  compare: number
}

/** How two sides meet. Only tests have others than the defaults. */
export interface Settings {
  patience: Patience
  negotiate: (connection: RTCPeerConnection, channel: Channel, proof: Proof) => Negotiating
}

export const defaults: Settings = {
  patience: { answer: 30_000, path: 20_000, mend: 20_000, silence: 3_000, farewell: 1_000, compare: 20_000 },
  negotiate: (connection, channel, proof) => new Negotiation(connection, channel, proof)
}

/** A connection that is made, but knows nobody yet. */
export interface Endpoint {
  connection: RTCPeerConnection
  dataChannel: RTCDataChannel
  /** whether there is a TURN server to try */
  turn: boolean
}

/** A peer, and whether people could compare its code: false where it ended before. */
export interface Met {
  peer: Peer
  compared: Promise<boolean>
}

/** Connects this end with the one at the other side of the channel. Rejects with why that was not possible. */
export async function meet (endpoint: Endpoint, channel: Channel, proof: Proof, settings: Settings, signal?: AbortSignal): Promise<Met> {
  const negotiation = settings.negotiate(endpoint.connection, channel, proof)
  return await new Meeting(endpoint, channel, negotiation, settings.patience, signal).connect()
}

class Meeting {
  readonly #open = deferred<void>()
  readonly #over = deferred<unknown>()
  #connected = false
  #ended = false
  #limit: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  /** how many new paths were looked for since the last one that was there */
  #restarts = 0

  constructor (
    private readonly endpoint: Endpoint,
    private readonly channel: Channel,
    private readonly negotiation: Negotiating,
    private readonly patience: Patience,
    private readonly signal: AbortSignal | undefined
  ) {
    this.#open.promise.catch(() => {})
  }

  async connect (): Promise<Met> {
    const { connection, dataChannel } = this.endpoint
    connection.addEventListener('connectionstatechange', this.#onState)
    dataChannel.addEventListener('open', this.#onOpen)
    dataChannel.addEventListener('close', this.#onClose)
    this.signal?.addEventListener('abort', this.#onAbort)
    if (this.signal?.aborted) this.#onAbort()

    this.#within(this.patience.answer, () => new CallError('CALL_ERR_NO_PEER'))
    void this.negotiation.answered.then(() => {
      if (!this.#connected) this.#within(this.patience.path, this.#noPath)
    })
    this.negotiation.run().then(() => this.#end(), error => {
      // Signaling may go, with its box or its server, while the connection stays. A lie may not.
      if (!this.#connected || isRefusal(error)) void this.#end(error)
    })
    try {
      const [code] = await Promise.all([this.negotiation.code, this.#open.promise])
      this.#connected = true
      clearTimeout(this.#limit)
      const read = deferred<void>()
      const peer = {
        connection,
        channel: dataChannel,
        get code () {
          read.resolve()
          return code
        },
        closed: this.#over.promise,
        close: () => this.#end()
      }
      return { peer, compared: this.#compared(read.promise) }
    } catch (error) {
      // Whatever ended it first is the cause; the rest only follows from it.
      await this.#end(error)
      throw await this.#over.promise ?? error
    }
  }

  /** Whether the code was read in time, and the connection stood for long enough from then on. */
  async #compared (read: Promise<void>): Promise<boolean> {
    const over = this.#over.promise.then(() => {})
    let wasRead = false
    void read.then(() => { wasRead = true })
    await settled(Promise.race([read, over]), this.patience.compare)
    if (wasRead) await settled(over, this.patience.compare)
    return wasRead && !this.#ended && this.endpoint.connection.connectionState === 'connected'
  }

  readonly #onAbort = () => { void this.#end(this.signal?.reason) }
  readonly #onOpen = () => { this.#open.resolve() }
  // A connection closed at the other side shows here first; that it was meant comes through the channel.
  readonly #onClose = () => { this.#within(this.patience.farewell, () => new CallError('CALL_ERR_LOST')) }

  readonly #onState = () => {
    clearTimeout(this.#silence)
    switch (this.endpoint.connection.connectionState) {
      case 'connected':
        clearTimeout(this.#retry)
        this.#restarts = 0
        if (this.#connected) clearTimeout(this.#limit)
        break
      case 'disconnected':
        this.#silence = setTimeout(this.#mend, this.patience.silence)
        break
      case 'failed':
        this.#mend()
        break
      case 'closed':
        this.#onClose()
    }
  }

  /** At once for the first time, then ever more slowly: where a path fails fast, each try costs messages and TURN allocations. */
  readonly #mend = () => {
    if (this.#connected && this.#restarts === 0) this.#within(this.patience.mend, () => new CallError('CALL_ERR_LOST'))
    const pause = this.#restarts === 0 ? 0 : 500 * 2 ** Math.min(this.#restarts, 4)
    this.#restarts++
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => { this.negotiation.restart() }, pause)
  }

  readonly #noPath = () => new CallError(this.endpoint.turn ? 'CALL_ERR_NO_PATH_WITH_TURN' : 'CALL_ERR_NO_PATH')

  /** One limit at a time: a new one replaces the last. */
  #within (ms: number, error: () => CallError) {
    clearTimeout(this.#limit)
    if (ms !== Infinity && !this.#ended) this.#limit = setTimeout(() => { void this.#end(error()) }, ms)
  }

  async #end (reason?: unknown): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const { connection, dataChannel } = this.endpoint
    clearTimeout(this.#limit)
    clearTimeout(this.#silence)
    clearTimeout(this.#retry)
    connection.removeEventListener('connectionstatechange', this.#onState)
    dataChannel.removeEventListener('open', this.#onOpen)
    dataChannel.removeEventListener('close', this.#onClose)
    this.signal?.removeEventListener('abort', this.#onAbort)
    this.#over.resolve(reason)
    this.#open.reject(reason ?? new CallError('CALL_ERR_CLOSED'))
    // Told first, closed then: otherwise the other side takes it for a broken connection.
    await settled(this.channel.close(), this.patience.farewell)
    connection.close()
  }
}

function isRefusal (error: unknown): boolean {
  return error instanceof CallError && error.code !== 'CALL_ERR_GONE' && error.code !== 'CALL_ERR_SERVER'
}

function deferred<T> () {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((_resolve, _reject) => { resolve = _resolve; reject = _reject })
  return { promise, resolve, reject }
}
