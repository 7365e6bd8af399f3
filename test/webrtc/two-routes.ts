import { setImmediate } from 'node:timers/promises'
import { SignalingChannel } from '../../clients/typescript/src/webrtc/channel.js'
import { ControlChannel } from '../../clients/typescript/src/webrtc/control-channel.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { connectPeer, defaultSettings } from '../../clients/typescript/src/webrtc/peer.js'
import { createNonce, createSecret, inviteKey, Session, type Role } from '../../clients/typescript/src/webrtc/sealing.js'
import { SwitchingChannel } from '../../clients/typescript/src/webrtc/switching-channel.js'
import type { Over } from './call-vectors.js'
import { FakeConnection } from './fake-connection.js'

/** What has been put into a queue arrives. */
export async function settle (): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

/** The guest's end of both routes, and a host that says whatever it likes. */
export class TwoRoutes {
  readonly connection = new FakeConnection()
  readonly heard: unknown[] = []
  readonly boxes: SignalingChannel
  /** what this side has stored */
  readonly stored: unknown[] = []
  /** `null` if the other side left, the code of an error, or undefined as long as the conversation goes on */
  reported: string | null | undefined
  line: SwitchingChannel | undefined

  private constructor (readonly host: Session, guest: Session) {
    this.boxes = new SignalingChannel(async message => { this.stored.push(await this.host.open(message)) }, undefined, () => {}, undefined)
    this.boxes.start(guest)
  }

  static async create (): Promise<TwoRoutes> {
    const key = await inviteKey(createSecret(), 'drop_host')
    const parts = { guestDrop: 'drop_guest', guestNonce: createNonce(), hostNonce: createNonce() }
    const session = (role: Role) => Session.create(key, { ...parts, role })
    return new TwoRoutes(await session('host'), await session('guest'))
  }

  /** Both routes are open: there is a connection. */
  async connect (): Promise<this> {
    const connection = this.#connection
    this.line = new SwitchingChannel(this.boxes, new ControlChannel(connection), connection, undefined)
    this.connection.connectionState = 'connected'
    this.line.start()
    this.connection.control.open()
    this.#report((async () => { for await (const value of this.line!) this.heard.push(value) })())
    // What the control channel has kept is delivered a little later.
    await settle()
    return this
  }

  /** There is no connection yet. */
  expectConnection (): this {
    const connection = this.#connection
    const prepared = { connection, dataChannel: connection.createDataChannel('signalbox'), control: new ControlChannel(connection), turn: false }
    const settings = { ...defaultSettings, timeouts: { ...defaultSettings.timeouts, close: 1 } }
    this.#report(connectPeer('id', prepared, this.boxes, { role: 'guest', opening: '' }, settings).then(() => {}))
    return this
  }

  /** The host says something: the text of a message on the control channel, or of what it seals. */
  async say (over: Over, text: string): Promise<void> {
    if (over === 'connection') this.connection.control.say(text)
    else await this.boxes.receive(await this.host.seal(JSON.parse(text)))
    await settle()
  }

  /** Something of the host does not arrive. */
  async lose (): Promise<void> {
    await this.host.seal([])
  }

  get #connection () { return this.connection as unknown as RTCPeerConnection }

  #report (over: Promise<void>): void {
    over.then(() => { this.reported = null }, error => { this.reported = error instanceof CallError ? error.code : String(error) })
  }
}
