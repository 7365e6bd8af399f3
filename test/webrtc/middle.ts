import { parseInvite } from '../../clients/typescript/src/webrtc/invite.js'
import { openHello, Session, type InviteKey, type SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { FakeServer } from './fake-server.js'
import { node } from './node-peers.js'

const FINGERPRINT = /a=fingerprint:.*\r/g

interface Value { description?: RTCSessionDescriptionInit, opening?: string, random?: string }

/**
 * Somebody who has the invite, owns the server, and connects to both sides with certificates of his
 * own. Fingerprints, numbers and nonces he passes on as they are, so that the codes match; all that he
 * changes is where to connect. Only the comparison of certificates can stop him.
 */
export class Middle {
  readonly server = new FakeServer((to, message) => {
    this.#reading = this.#reading.then(() => this.#read(to, message))
    return true
  })

  /** what he thinks that both sides see */
  readonly fingerprints = new Set<string>()
  #reading: Promise<void> = Promise.resolve()
  #key!: InviteKey
  #guestDrop = ''
  #guestNonce = ''
  #lines: { toHost: Session, toGuest: Session } | undefined
  #connections: RTCPeerConnection[] = []
  #offer: RTCSessionDescriptionInit = { type: 'offer' }

  async know (invite: string): Promise<void> {
    this.#key = (await parseInvite(invite)).key
  }

  close (): void {
    for (const connection of this.#connections.splice(0)) connection.close()
  }

  async #read (to: string, message: SealedMessage): Promise<void> {
    const { hostDrop } = this.#key
    if (to === hostDrop && message.n === 0) {
      this.#guestDrop = (await openHello(this.#key, message) as { drop: string }).drop
      this.#guestNonce = message.session
      this.#lines = undefined
      this.close()
      this.server.put(to, message)
      return
    }
    const [guestNonce = '', hostNonce = ''] = message.session.split('.')
    // A guest that could not connect tries once more, and what is left of its first try is of no use.
    if (guestNonce !== this.#guestNonce) return
    const parts = { guestDrop: this.#guestDrop, guestNonce, hostNonce }
    const { toHost, toGuest } = this.#lines ??= {
      toHost: await Session.create(this.#key, { role: 'guest', ...parts }),
      toGuest: await Session.create(this.#key, { role: 'host', ...parts })
    }
    const fromHost = to === this.#guestDrop
    const values = await (fromHost ? toHost : toGuest).open(message)
    for (const value of Array.isArray(values) ? values as Value[] : []) {
      if (value.description === undefined) continue
      // Only the first exchange: that the path is lost later, and sought anew, is past what he is here for.
      if (this.#connections.length > (fromHost ? 0 : 1)) continue
      const { description, ...numbers } = await (fromHost ? this.#offered(value) : this.#answered(value))
      const line = fromHost ? toGuest : toHost
      this.server.put(to, await line.seal([{ ...numbers, description }]))
    }
  }

  /** The host's offer, with a connection of his own to the guest in its place. */
  async #offered ({ description, random }: Value): Promise<Value> {
    this.#offer = description!
    const connection = this.#connect()
    return { random: random!, description: await describe(connection, await connection.createOffer(), this.#note(description!)) }
  }

  /** The guest's answer, with a connection of his own to the host in its place. */
  async #answered ({ description, opening }: Value): Promise<Value> {
    await this.#connections[0]!.setRemoteDescription(description!)
    const connection = this.#connect()
    await connection.setRemoteDescription(this.#offer)
    return { opening: opening!, description: await describe(connection, await connection.createAnswer(), this.#note(description!)) }
  }

  #connect (): RTCPeerConnection {
    const connection = new node.RTCPeerConnection({ iceServers: [] })
    connection.createDataChannel('signalbox', { negotiated: true, id: 0 })
    this.#connections.push(connection)
    return connection
  }

  #note ({ sdp = '' }: RTCSessionDescriptionInit): string {
    const [line = ''] = sdp.match(FINGERPRINT) ?? []
    this.fingerprints.add(line)
    return line
  }
}

/** With all candidates, and another's fingerprint. */
async function describe (connection: RTCPeerConnection, description: RTCSessionDescriptionInit, line: string): Promise<RTCSessionDescriptionInit> {
  await connection.setLocalDescription(description)
  while (connection.iceGatheringState !== 'complete') {
    await new Promise(resolve => { connection.addEventListener('icegatheringstatechange', resolve, { once: true }) })
  }
  return { type: description.type, sdp: connection.localDescription!.sdp.replace(FINGERPRINT, line) }
}
