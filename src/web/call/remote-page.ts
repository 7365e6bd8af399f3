import type { Peer } from 'signalbox-client/webrtc'
import type { FileLink } from '../files/file-link.js'
import { MEDIA_KINDS, type MediaKind } from '../media/device-kind.js'
import type { Senders } from '../media/local-media.js'
import { parseMessage, type PageMessage } from './page-messages.js'
import type { Role } from './role.js'

/** More than a page says before it is answered. Whoever says more before anybody has let them in is cut off. */
const MAX_EARLY = 16

/**
 * The page at the other end of a connection: its audio and video, the messages that the two pages exchange, and the
 * files.
 *
 * Of two, the one in the host's role creates one transceiver each for audio and video, both without a track, and the
 * other uses the same two. So a camera can start late, stop and start again without renegotiation, and nothing is sent
 * to a guest that has not been admitted.
 */
export class RemotePage {
  readonly stream = new MediaStream()
  readonly senders: Senders = {}
  /** set once the connection is up */
  peer: Peer | undefined
  /** this page's, of the two */
  role: Role | undefined
  sendersChanged = (): void => {}
  #audio: RTCRtpReceiver | undefined
  #take: ((message: PageMessage) => void) | undefined
  /** Messages that arrived before anyone listened. */
  readonly #early: PageMessage[] = []

  constructor (readonly connection: RTCPeerConnection, private readonly channel: RTCDataChannel, readonly files: FileLink) {
    connection.addEventListener('track', ({ track, receiver, transceiver }) => {
      const kind = track.kind as MediaKind
      // A page sends one of each kind; another peer could add any number.
      if (this.stream.getTracks().some(other => other.kind === kind)) return
      this.stream.addTrack(track)
      if (kind === 'audio') this.#audio = receiver
      if (this.senders[kind] !== undefined) return
      transceiver.direction = 'sendrecv'
      this.senders[kind] = transceiver.sender
      this.sendersChanged()
    })
    channel.addEventListener('message', ({ data }) => {
      const message = parseMessage(data)
      if (message === undefined) return
      if (this.#take !== undefined) this.#take(message)
      else if (this.#early.length < MAX_EARLY) this.#early.push(message)
      else channel.close()
    })
  }

  get connected (): boolean {
    return this.connection.connectionState === 'connected' && this.channel.readyState === 'open'
  }

  /** The amplitude of its sound, from 0 to 1. */
  get amplitude (): number {
    return this.#audio?.getSynchronizationSources?.()[0]?.audioLevel ?? 0
  }

  meet (peer: Peer, role: Role): void {
    this.peer = peer
    this.role = role
  }

  /** Creates the transceivers, once. Two guests do not know their roles before they are connected. */
  offerMedia (): void {
    if (this.role === 'guest') return
    for (const kind of MEDIA_KINDS) this.senders[kind] ??= this.connection.addTransceiver(kind).sender
  }

  listen (take: (message: PageMessage) => void): void {
    this.#take = take
    for (const message of this.#early.splice(0)) take(message)
  }

  /** @returns whether the message was sent */
  send (message: PageMessage): boolean {
    if (this.channel.readyState !== 'open') return false
    this.channel.send(JSON.stringify(message))
    return true
  }
}
