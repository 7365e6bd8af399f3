import type { Peer } from 'signalbox-client/webrtc'
import { parseMessage, type Message } from './messages.js'
import type { Kind, Senders } from './media.js'
import type { Role } from './state.js'

/**
 * One connection to the other page: what is heard and seen there, and what the pages say to each other.
 *
 * The host lays out one way for sound and one for pictures, both empty, and the guest takes up the
 * same two. So the camera may come late, go and come again without another negotiation, and nothing
 * is sent to somebody who was not let in.
 */
export class Line {
  readonly remote = new MediaStream()
  readonly senders: Senders = {}
  /** from when the connection stands */
  peer: Peer | undefined
  #take: ((message: Message) => void) | undefined
  /** Messages may come before anybody listens. */
  readonly #early: Message[] = []

  constructor (readonly connection: RTCPeerConnection, private readonly channel: RTCDataChannel, role: Role) {
    if (role === 'host') for (const kind of ['audio', 'video'] as const) this.senders[kind] = connection.addTransceiver(kind).sender
    connection.addEventListener('track', ({ track, transceiver }) => {
      this.remote.addTrack(track)
      if (role === 'guest') {
        transceiver.direction = 'sendrecv'
        this.senders[track.kind as Kind] = transceiver.sender
      }
    })
    channel.addEventListener('message', ({ data }) => {
      const message = parseMessage(data)
      if (message === undefined) return
      if (this.#take === undefined) this.#early.push(message)
      else this.#take(message)
    })
  }

  get alive (): boolean {
    return this.connection.connectionState === 'connected' && this.channel.readyState === 'open'
  }

  listen (take: (message: Message) => void): void {
    this.#take = take
    for (const message of this.#early.splice(0)) take(message)
  }

  /** @returns whether it is on its way */
  say (message: Message): boolean {
    if (this.channel.readyState !== 'open') return false
    this.channel.send(JSON.stringify(message))
    return true
  }
}
