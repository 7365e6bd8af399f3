import { Scope } from '../../clients/typescript/src/scope.js'
import { Attempts } from '../../clients/typescript/src/webrtc/attempts.js'
import type { ControlChannel, ControlMessage } from '../../clients/typescript/src/webrtc/control-channel.js'
import { OtherGuests } from '../../clients/typescript/src/webrtc/other-guests.js'
import { Participant } from '../../clients/typescript/src/webrtc/participant.js'
import { connectionFactory } from '../../clients/typescript/src/webrtc/peer-connection.js'
import { Negotiation } from '../../clients/typescript/src/webrtc/negotiation.js'
import type { Peer, Settings } from '../../clients/typescript/src/webrtc/peer.js'
import type { Role, SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { fakeConnections } from './fake-connection.js'
import { withTimeouts } from './node-peers.js'

/** One end of a control channel, without a connection. */
export class FakeControl {
  readonly #handlers = new Map<string, (message: ControlMessage, size: number) => void>()
  readonly sent: ControlMessage[] = []
  backlog = 0

  /** @param take is given what this end sends */
  constructor (private readonly take: (message: ControlMessage) => void = () => {}) {}

  get asControl (): ControlChannel { return this as unknown as ControlChannel }

  on (type: string, handler: (message: ControlMessage, size: number) => void): void {
    this.#handlers.set(type, handler)
  }

  send (message: ControlMessage): boolean {
    this.sent.push(message)
    this.take(message)
    return true
  }

  /** Something arrives here. */
  say (message: ControlMessage): void {
    this.#handlers.get(message.type)?.(JSON.parse(JSON.stringify(message)), 0)
  }

  get relayed (): SealedMessage[] {
    return this.sent.filter(({ type }) => type === 'relay').map(({ message }) => message as SealedMessage)
  }
}

/** A guest with connections without a network, and its host, which says whatever it likes. */
export class IntroducedGuest {
  readonly connections = fakeConnections()
  readonly peers: Peer[] = []
  readonly refused: string[] = []
  readonly refusedIds: string[] = []
  readonly scope = new Scope()
  readonly host = new FakeControl()
  readonly others: OtherGuests

  private constructor (readonly own: Participant, digits: number | undefined) {
    const { RTCPeerConnection } = this.connections
    const answering = {
      attempts: new Attempts(0, Date.now(), () => {}),
      settings: { ...withTimeouts({ close: 1 }), negotiate: (connection, channel, contribution) => new Negotiation(connection, channel, contribution, digits) } satisfies Settings,
      createConnection: connectionFactory({ server: '', id: '' }, { RTCPeerConnection, iceServers: [] }).create,
      refused: ({ code }: { code: string }, id: string) => {
        this.refused.push(code)
        this.refusedIds.push(id)
      }
    }
    this.others = new OtherGuests(own, answering, this.scope, peer => { this.peers.push(peer) })
    this.others.listenTo(this.host.asControl)
  }

  /** @param digits the length of its codes */
  static async create (digits?: number): Promise<IntroducedGuest> {
    return new IntroducedGuest(await Participant.create(), digits)
  }

  /** The host introduces somebody. */
  meet ({ id, key }: { id: string, key: string }): void {
    this.host.say({ type: 'meet', id, key })
  }

  /** Somebody else, towards whom this one has the role. */
  async another (role: Role): Promise<Participant> {
    for (;;) {
      const other = await Participant.create()
      if (this.own.roleWith(other.id) === role) return other
    }
  }
}
