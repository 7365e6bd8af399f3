import { Participant } from '../../clients/typescript/src/webrtc/participant.js'
import { createNonce, openHello, sealHello, Session, type InviteKey, type SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'
import { commit, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { line, newFingerprint, sdpWith } from './fake-connection.js'
import { quiet } from './fake-server.js'
import { DIGITS } from './adversary.js'
import { IntroducedGuest } from './introduced.js'

/** One of the host's conversations with a guest, in which he is somebody else. */
interface Line {
  guest: IntroducedGuest
  id: string
  key: InviteKey
  nonce: string
  committed: string
  /** Ben's, as it came */
  commitment?: unknown
  session?: Session
  fingerprint?: string
  random?: string
  opening?: string
}

const description = (type: string, fingerprint: string) => ({ description: { type, sdp: sdpWith(line(fingerprint)) } })

/**
 * A host that puts himself between two guests: to each, he gives keys of his own as the other's. He also gives
 * each the other's id. Anna has the lower one, so she answers Ben's hello.
 */
export class BetweenGuests {
  readonly own = newFingerprint()
  readonly other = newFingerprint()
  readonly toAnna: Line[] = []
  toBen!: Line

  private constructor (readonly anna: IntroducedGuest, readonly ben: IntroducedGuest) {}

  static async begin (): Promise<BetweenGuests> {
    const [one, other] = [await IntroducedGuest.create(DIGITS), await IntroducedGuest.create(DIGITS)]
    const he = one.own.roleWith(other.own.id) === 'host' ? new BetweenGuests(one, other) : new BetweenGuests(other, one)
    await he.#meetBen()
    return he
  }

  /** Says hello to Anna as Ben, or as somebody else. @param copied Ben's commitment, in the place of his own */
  async hello (id = this.ben.own.id, copied?: unknown): Promise<Line> {
    const { anna } = this
    const self = Object.assign(await Participant.create(), { id })
    const key = await self.keyWith(anna.own)
    const { commitment: committed, opening } = await commit(this.own)
    const commitment = copied ?? committed
    const line: Line = { guest: anna, id, key, nonce: createNonce(), committed: opening }
    this.toAnna.push(line)
    anna.meet(self)
    anna.host.say({ type: 'relay', from: id, message: await sealHello(key, line.nonce, { drop: id, hello: { commitment } }) })
    await quiet()
    const messages = anna.host.relayed.filter(({ session }) => session.startsWith(`${line.nonce}.`))
    const hostNonce = messages[0]?.session.split('.')[1]
    if (hostNonce === undefined) return line
    line.session = await Session.create(key, { role: 'guest', guestDrop: id, guestNonce: line.nonce, hostNonce })
    for (const message of messages) await read(line, message)
    return line
  }

  /** Makes Ben an offer, and reads his answer. */
  async offer (fingerprint = this.other, random = createNonce()): Promise<void> {
    this.toBen.random = random
    await this.say(this.toBen, { random, ...description('offer', fingerprint) })
    const answer = this.ben.host.relayed.find(({ n }) => n === 1)
    if (answer !== undefined) await read(this.toBen, answer)
  }

  async answer (line: Line, opening = line.committed, fingerprint = this.own): Promise<void> {
    await this.say(line, { opening, ...description('answer', fingerprint) })
  }

  async say ({ guest, id, session }: Line, value: unknown): Promise<void> {
    if (session === undefined) return
    guest.host.say({ type: 'relay', from: id, message: await session.seal([value]) })
    await quiet()
  }

  /** What Ben is going to see, with the host's certificate. */
  async benCode (fingerprint = this.other): Promise<string> {
    const { session, random, fingerprint: guest, opening } = this.toBen
    return await shortCode(session!, { host: fingerprint, random: random!, guest: guest!, opening: opening! }, DIGITS)
  }

  async annaCode ({ session, random, fingerprint: host, committed }: Line, opening = committed, fingerprint = this.own): Promise<string> {
    return await shortCode(session!, { host: host!, random: random!, guest: fingerprint, opening }, DIGITS)
  }

  /** Connects wherever one of these certificates is let in. @returns whether the two see the same code */
  async connect (...fingerprints: string[]): Promise<boolean> {
    for (const { connections } of [this.anna, this.ben]) {
      for (const connection of connections.made) fingerprints.some(fingerprint => connection.open(fingerprint))
    }
    await quiet()
    const codes = this.ben.peers.map(({ code }) => code)
    return this.anna.peers.some(({ code }) => codes.includes(code))
  }

  /** How often he could hope that two codes are equal: once for each line to Anna that got an offer, if Ben answered his. */
  get tries (): number {
    return this.toBen.opening === undefined ? 0 : this.toAnna.filter(({ fingerprint }) => fingerprint !== undefined).length
  }

  end (): void {
    for (const { scope } of [this.anna, this.ben]) scope.end()
  }

  async #meetBen (): Promise<void> {
    const { anna, ben } = this
    const { id } = anna.own
    const self = Object.assign(await Participant.create(), { id })
    ben.meet(self)
    await quiet()
    const [hello] = ben.host.relayed as [SealedMessage]
    const key = await self.keyWith(ben.own)
    const { drop, hello: { commitment } } = await openHello(key, hello) as { drop: string, hello: { commitment: unknown } }
    const nonce = hello.session
    const session = await Session.create(key, { role: 'host', guestDrop: drop, guestNonce: nonce, hostNonce: createNonce() })
    this.toBen = { guest: ben, id, key, nonce, committed: '', commitment, session }
  }
}

async function read (line: Line, message: SealedMessage): Promise<void> {
  for (const value of await line.session!.open(message) as unknown[]) {
    const { description, random, opening } = Object(value) as { description?: { sdp: string }, random?: string, opening?: string }
    const fingerprint = description?.sdp.match(/a=fingerprint:(.*)\r/)?.[1]
    Object.assign(line, { ...(fingerprint && { fingerprint }), ...(random && { random }), ...(opening && { opening }) })
  }
}
