import { randomBytes, toBase64url } from '../../clients/typescript/src/bytes.js'
import type { Negotiator } from '../../clients/typescript/src/webrtc/negotiation.js'
import type { Contribution } from '../../clients/typescript/src/webrtc/agreement.js'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { commit, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { hostWith, type Call } from '../../clients/typescript/src/webrtc/host.js'
import { parseInvite, type Invite } from '../../clients/typescript/src/webrtc/invite.js'
import { joinWith } from '../../clients/typescript/src/webrtc/join.js'
import { defaultSettings } from '../../clients/typescript/src/webrtc/peer.js'
import { createNonce, openHello, sealHello, Session, type SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { fakeConnections, newFingerprint } from './fake-connection.js'
import { FakeServer, quiet } from './fake-server.js'

export type Negotiate = (connection: RTCPeerConnection, channel: Channel, contribution: Contribution) => Negotiator

/** The length of the codes: short, so that the adversary's luck can be counted. */
export const DIGITS = 1

/** One of the adversary's conversations, with the host (as a guest) or with a guest (as the host). */
export interface Line {
  /** the box of the one at the other end */
  drop: string
  session: Session | undefined
  /** the certificate of the other end, its opening where it is a guest, as they came */
  fingerprint?: string
  opening?: string
  /** the host's random number; his own, in a line to a guest */
  random?: string
  /** what came from the other end, value by value */
  readonly heard: unknown[]
}

/** A line to the host, with what the adversary's own hello committed to. */
export interface HostLine extends Line { commitment: unknown, committed: string, nonce: string, guestDrop: string }

/** A line to the guest, with what its hello said. */
export interface GuestLine extends Line { commitment: unknown, nonce: string }

/**
 * Somebody who has the invite and sits in the server. A real host and a real guest speak only to him:
 * whatever they store is kept from its box and read, and he stores what he likes.
 */
export class Adversary {
  readonly hostLines: HostLine[] = []
  readonly guestLines: GuestLine[] = []
  /** his certificates */
  readonly own = newFingerprint()
  readonly other = newFingerprint()
  readonly shown = { host: [] as string[], guest: [] as string[] }
  readonly #server = new FakeServer((to, message) => {
    this.#reading = this.#reading.then(() => this.#read(to, message)).catch(() => {})
    return true
  })

  readonly #connections = { host: fakeConnections(), guest: fakeConnections() }
  #reading: Promise<void> = Promise.resolve()
  #calls: Call[] = []
  #invite!: Invite

  /** The host starts a call, and the guest says hello. @param shows whether their pages show the codes at once */
  static async begin (negotiate: Negotiate, shows = true): Promise<Adversary> {
    const adversary = new Adversary()
    await adversary.#begin(negotiate, shows)
    return adversary
  }

  /** Says hello to the host, committing to a certificate; with another's commitment, word for word. */
  async hello (fingerprint: string, copied?: unknown): Promise<HostLine> {
    const { commitment, opening } = await commit(fingerprint)
    return await this.#hello({ commitment: copied ?? commitment, committed: opening, nonce: createNonce(), guestDrop: `drop_${toBase64url(randomBytes(24))}` })
  }

  /** Connects to the host at the end of a line. @returns whether it let him */
  async open (line: HostLine): Promise<boolean> {
    const connection = this.#connections.host.made.find(({ fingerprint }) => fingerprint === line.fingerprint)
    const opened = connection?.open(this.own) ?? false
    await quiet()
    return opened
  }

  /** Connects to the guest, and breaks the connection without a word. */
  async breakGuest (): Promise<void> {
    const connection = this.#connections.guest.made.at(-1)
    connection?.open(this.other)
    await quiet()
    connection?.break()
    await new Promise(resolve => { setTimeout(resolve, 50) })
    await quiet()
  }

  /** Says that it is over. */
  async leave (line: HostLine): Promise<void> {
    this.#server.put(line.drop, await line.session!.seal(null))
    await quiet()
  }

  /** Passes the guest's own hello on, so that both ends are in one session, in which he can rewrite everything. */
  async relay (guest: GuestLine): Promise<HostLine> {
    const line = await this.#hello({ commitment: guest.commitment, committed: createNonce(), nonce: guest.nonce, guestDrop: guest.drop })
    if (line.session !== undefined) guest.session = await Session.create(this.#invite.key, { ...line.session.parts, role: 'host' })
    if (line.random !== undefined) guest.random = line.random
    return line
  }

  /** Sends a value to the one at the end of a line, and lets it do what it does. */
  async send (line: Line, value: unknown): Promise<void> {
    if (line.session === undefined) return
    const random = this.guestLines.includes(line as GuestLine) ? { random: line.random } : {}
    this.#server.put(line.drop, await line.session.seal([{ ...random, ...Object(value) }]))
    await quiet()
  }

  /** The code that the guest is going to see; it is known once the guest has answered. */
  async guestCode (line: GuestLine, fingerprint: string): Promise<string | undefined> {
    const { session, fingerprint: guest, opening, random } = line
    if (session === undefined || guest === undefined || opening === undefined || random === undefined) return undefined
    return await shortCode(session, { host: fingerprint, random, guest, opening }, DIGITS)
  }

  async hostCode (line: HostLine, fingerprint: string, opening = line.committed): Promise<string | undefined> {
    const { session, fingerprint: host, random } = line
    if (session === undefined || host === undefined || random === undefined) return undefined
    return await shortCode(session, { host, random, guest: fingerprint, opening }, DIGITS)
  }

  /** An opening with which the host would see this code. */
  async search (line: HostLine, fingerprint: string, code: string | undefined): Promise<string> {
    for (let tries = 0; tries < 200; tries++) {
      const opening = createNonce()
      if (code === undefined || line.fingerprint === undefined || await this.hostCode(line, fingerprint, opening) === code) return opening
    }
    throw new Error('Not found')
  }

  /** How often he could hope that two codes are equal by chance: once for each two lines that got a description. */
  get chances (): number {
    return Math.max(1, this.hostLines.filter(answered).length * this.guestLines.filter(answered).length)
  }

  /** Connects wherever his certificates are let in. @returns whether host and guest see the same, with him in between */
  async connect (): Promise<boolean> {
    for (const { made } of Object.values(this.#connections)) {
      for (const connection of made) if (!connection.open(this.own)) connection.open(this.other)
    }
    await quiet()
    return this.shown.host.some(code => this.shown.guest.includes(code))
  }

  async end (): Promise<void> {
    await Promise.all(this.#calls.map(call => call.close()))
  }

  async #begin (negotiate: Negotiate, shows: boolean): Promise<void> {
    const { url: server, fetch } = this.#server
    const sides = { host: { ...this.#connections.host, iceServers: [], fetch }, guest: { ...this.#connections.guest, iceServers: [], fetch } }
    const settings = { ...defaultSettings, negotiate, timeouts: { ...defaultSettings.timeouts, close: 1 } }
    const host = await hostWith(settings, { server, ...sides.host })
    this.#invite = await parseInvite(host.invite)
    const guest = await joinWith(settings, host.invite, sides.guest)
    this.#calls = [host, guest]
    for (const [name, call] of [['host', host], ['guest', guest]] as const) {
      (async () => {
        for await (const peer of call.peers) if (shows) this.shown[name].push(peer.code)
      })().catch(() => {})
    }
    await quiet()
  }

  async #hello (line: Pick<HostLine, 'commitment' | 'committed' | 'nonce' | 'guestDrop'>): Promise<HostLine> {
    const { key } = this.#invite
    const whole: HostLine = { ...line, drop: key.hostDrop, session: undefined, heard: [] }
    this.hostLines.push(whole)
    const { commitment, nonce, guestDrop } = line
    this.#server.put(key.hostDrop, await sealHello(key, nonce, { drop: guestDrop, hello: { commitment } }))
    await quiet()
    return whole
  }

  async #read (to: string, message: SealedMessage): Promise<void> {
    const { key } = this.#invite
    const [nonce = '', hostNonce = ''] = message.session.split('.')
    if (to === key.hostDrop && message.n === 0) {
      const { drop, hello } = await openHello(key, message) as { drop: string, hello: { commitment: unknown } }
      const parts = { guestDrop: drop, guestNonce: nonce, hostNonce: createNonce() }
      this.guestLines.push({ drop, nonce, commitment: hello.commitment, random: createNonce(), session: await Session.create(key, { role: 'host', ...parts }), heard: [] })
      return
    }
    const line = to === key.hostDrop ? this.guestLines.find(line => line.nonce === nonce) : this.hostLines.find(line => line.nonce === nonce)
    if (line === undefined) return
    if ('guestDrop' in line) {
      line.session ??= await Session.create(key, { role: 'guest', guestDrop: to, guestNonce: nonce, hostNonce })
    }
    const values = await line.session!.open(message)
    for (const value of Array.isArray(values) ? values : []) {
      line.heard.push(value)
      const { description, opening, random } = Object(value) as { description?: { sdp: string }, opening?: string, random?: string }
      if (random !== undefined) line.random ??= random
      if (opening !== undefined) line.opening ??= opening
      const fingerprint = description?.sdp.match(/a=fingerprint:(.*)\r/)?.[1]
      if (fingerprint !== undefined) line.fingerprint ??= fingerprint
    }
  }
}

function answered ({ fingerprint }: Line): boolean {
  return fingerprint !== undefined
}
