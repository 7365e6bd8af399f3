import { parseFileMessage, type FileMessage } from './file-messages.js'

/** The size of a piece in bytes: what every browser sends in one message, and not so much that others wait long. */
const PIECE = 64 * 1024

/** So many bytes wait to be sent at most; below the second number there is room again. */
const FULL = 2 * 1024 * 1024
const ROOM = 512 * 1024

/** What the other side may make this page say without reading it, in bytes. */
const UNREAD = 2 * FULL

export interface LinkListener {
  /** Called once, when the other page listens too: from then on, it can be told something. */
  ready (link: FileLink, known: string[]): void
  message (link: FileLink, message: Exclude<FileMessage, { type: 'ready' }>): void
  piece (link: FileLink, bytes: Uint8Array): void
  closed (link: FileLink): void
}

/** The data channel for files to one other page, over which nothing is said before both pages have agreed to talk. */
export class FileLink {
  #listener: LinkListener | undefined
  /** What the other page knows; undefined until it is ready. */
  #known: string[] | undefined
  #waiting: (() => void)[] = []

  readonly #channel: RTCDataChannel

  /** Must be made before the connection is negotiated. */
  constructor (private readonly connection: Pick<RTCPeerConnection, 'sctp' | 'createDataChannel'>) {
    const channel = this.#channel = connection.createDataChannel('signalbox-files', { negotiated: true, id: 2 })
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = ROOM
    channel.addEventListener('bufferedamountlow', this.#wake)
    channel.addEventListener('close', () => { this.#end() })
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => { this.#onMessage(data) })
  }

  /** Whether both pages talk. */
  get ready (): boolean {
    return this.#listener !== undefined && this.#known !== undefined && this.#open
  }

  get #open (): boolean {
    return this.#channel.readyState === 'open'
  }

  /** How many bytes a piece has at most. */
  get piece (): number {
    return Math.min(PIECE, this.connection.sctp?.maxMessageSize ?? PIECE)
  }

  /** Starts to talk. @param known the files that the other page may have been sending before */
  listen (listener: LinkListener, known: string[]): void {
    this.#listener = listener
    const begin = (): void => {
      if (this.#listener !== listener) return
      this.send({ type: 'ready', known })
      if (this.#known !== undefined) listener.ready(this, this.#known)
    }
    if (this.#open) begin()
    else this.#channel.addEventListener('open', begin, { once: true })
  }

  /** Says nothing more, and hears nothing. */
  release (): void {
    this.#listener = undefined
    this.#wake()
  }

  close (): void {
    this.#channel.close()
    this.#end()
  }

  send (message: FileMessage): void {
    if (!this.#open) return
    if (this.#channel.bufferedAmount > UNREAD) this.close()
    else this.#channel.send(JSON.stringify(message))
  }

  sendPiece (bytes: Uint8Array<ArrayBuffer>): void {
    this.#channel.send(bytes)
  }

  /** Waits until there is room for a piece. @returns false if there never will be */
  async room (): Promise<boolean> {
    while (this.ready && this.#channel.bufferedAmount > FULL) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    return this.ready
  }

  readonly #wake = (): void => {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #end (): void {
    const listener = this.#listener
    this.release()
    listener?.closed(this)
  }

  #onMessage (data: unknown): void {
    if (data instanceof ArrayBuffer) {
      if (this.ready) this.#listener?.piece(this, new Uint8Array(data))
      return
    }
    const message = typeof data === 'string' ? parseFileMessage(data) : undefined
    if (message === undefined) return
    if (message.type !== 'ready') {
      if (this.ready) this.#listener?.message(this, message)
    } else if (this.#known === undefined) {
      this.#known = message.known
      this.#listener?.ready(this, message.known)
    }
  }
}
