import { agree, parseDescription, type Agreement, type Description, type Proof } from './agreement.js'
import type { Channel } from './channel.js'
import { CallError } from './errors.js'

/** What a meeting needs of a negotiation. */
export interface Negotiating {
  /** Resolves with the short code as soon as both certificates are known. */
  readonly code: Promise<string>
  /** Resolves when the other side has described itself, so that a network path can be looked for. */
  readonly answered: Promise<void>
  /** Negotiates until the channel ends. Throws what the channel throws, and `CallError`s of its own. */
  run (): Promise<void>
  /** Looks for a new network path. */
  restart (): void
}

/** ms between two messages with candidates, at first; it doubles with each, so that slow gathering costs few requests. */
const CANDIDATE_PACE = 10

/** How many candidates may come before the description that they belong to. */
const MAX_EARLY = 256

/** The size of the JSON text of the largest candidate. A browser's have some 200 characters. */
const MAX_CANDIDATE = 4_096

/**
 * The negotiation of one call, in two parts.
 *
 * 1. The first exchange has one course only: the host offers, the guest answers with what it brings,
 *    and both have their agreement. Anything else ends the call.
 * 2. From then on it is perfect negotiation (W3C WebRTC 1.0, section 10.7): either side may offer at
 *    any time; when both do, the guest, who is polite, takes its offer back. The agreement stands:
 *    descriptions with other certificates end the call.
 */
export class Negotiation implements Negotiating {
  readonly code: Promise<string>
  readonly answered: Promise<void>
  #settleCode!: { resolve: (code: string) => void, reject: (error: unknown) => void }
  #settleAnswered!: () => void
  #agreement: Agreement | undefined
  #makingOffer = false
  #ignoringOffer = false
  #settingAnswer = false
  #early: RTCIceCandidateInit[] = []
  #candidates: RTCIceCandidateInit[] = []
  #describing = 0
  #pace = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (
    private readonly connection: RTCPeerConnection,
    private readonly channel: Channel,
    private readonly proof: Proof,
    private readonly digits = 6
  ) {
    this.code = new Promise((resolve, reject) => { this.#settleCode = { resolve, reject } })
    this.code.catch(() => {})
    this.answered = new Promise(resolve => { this.#settleAnswered = resolve })
  }

  async run (): Promise<void> {
    const { connection } = this
    // The property, because not every RTCPeerConnection outside of browsers has the event.
    connection.onnegotiationneeded = () => { if (this.#agreement !== undefined) void this.#offer() }
    const onCandidate = ({ candidate }: RTCPeerConnectionIceEvent) => { this.#found(candidate) }
    connection.addEventListener('icecandidate', onCandidate)
    try {
      if (this.proof.role === 'host') void this.#offer()
      for await (const value of this.channel) await this.#take(value)
    } catch (error) {
      this.#settleCode.reject(error)
      throw error
    } finally {
      connection.onnegotiationneeded = null
      connection.removeEventListener('icecandidate', onCandidate)
      clearTimeout(this.#timer)
      // Nobody will answer an offer that is still out.
      if (connection.signalingState === 'have-local-offer') await this.#rollBack()
    }
  }

  /** Only the host starts this: if a path is broken, both notice. */
  restart (): void {
    if (this.proof.role === 'host') this.connection.restartIce()
  }

  async #take (value: unknown): Promise<void> {
    // What a later version adds is left alone.
    const { description, candidate, opening, random } = Object(value) as Record<string, unknown>
    if (description !== undefined) {
      const theirs = parseDescription(description)
      if (this.#agreement === undefined) await this.#meet(theirs, this.proof.role === 'host' ? opening : random)
      else await this.#renegotiate(theirs, this.#agreement)
    }
    if (candidate !== undefined) await this.#add(candidate as RTCIceCandidateInit)
  }

  /** The first exchange: the only place where an agreement is made, and where an opening or a random number is of any interest. */
  async #meet (theirs: Description, number: unknown): Promise<void> {
    const { session } = this.channel
    const { role } = this.proof
    if (session === undefined || theirs.type !== (role === 'host' ? 'answer' : 'offer')) throw new CallError('CALL_ERR_FORMAT')
    const settle = async () => {
      const own = this.connection.localDescription?.sdp
      if (own === undefined) throw new CallError('CALL_ERR_FORMAT')
      this.#agreement = await agree(this.proof, session, own, theirs, number, this.digits)
      this.#settleCode.resolve(this.#agreement.code)
    }
    if (role === 'host') {
      await settle()
      this.#settleAnswered()
      await this.#accept(theirs)
    } else {
      this.#settleAnswered()
      await this.#accept(theirs)
      await this.#describe(settle)
    }
  }

  async #renegotiate (theirs: Description, { fingerprint }: Agreement): Promise<void> {
    if (theirs.fingerprint !== fingerprint) throw new CallError('CALL_ERR_FINGERPRINT')
    const ready = !this.#makingOffer && (this.connection.signalingState === 'stable' || this.#settingAnswer)
    const collision = theirs.type === 'offer' && !ready
    this.#ignoringOffer = collision && this.proof.role === 'host'
    if (this.#ignoringOffer) return
    this.#settingAnswer = theirs.type === 'answer'
    await this.#accept(theirs)
    this.#settingAnswer = false
    if (theirs.type === 'offer') await this.#describe()
  }

  async #accept ({ type, sdp }: Description): Promise<void> {
    await this.#possible(() => this.connection.setRemoteDescription({ type, sdp }))
    for (const candidate of this.#early.splice(0)) await this.#add(candidate)
  }

  async #offer (): Promise<void> {
    if (this.#makingOffer) return
    this.#makingOffer = true
    try {
      await this.#describe()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#makingOffer = false
    }
  }

  /**
   * Sets and sends the offer or answer that the state asks for; candidates go after it. This side's
   * part of the code goes with its first one.
   * @param settle called in between, for the guest's first answer, which settles the agreement
   */
  async #describe (settle?: () => Promise<void>): Promise<void> {
    this.#describing++
    this.#pace = 0
    const first = this.#agreement === undefined
    try {
      await this.#possible(() => this.connection.setLocalDescription())
      if (this.connection.signalingState === 'closed') return
      const { type, sdp } = this.connection.localDescription as RTCSessionDescription
      await settle?.()
      // Gathered already, and thus in the description.
      this.#candidates = this.#candidates.filter(({ candidate }) => !sdp.includes(`a=${candidate}`))
      const number = this.proof.role === 'guest' ? { opening: this.proof.opening } : { random: this.proof.random }
      this.#send({ ...(first && number), description: { type, sdp } })
    } finally {
      this.#describing--
    }
    this.#flush()
  }

  /** What a connection that was not closed meanwhile cannot do, it cannot do because of the descriptions. */
  async #possible (work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      if (this.connection.signalingState !== 'closed') throw new CallError('CALL_ERR_DESCRIPTION', { cause })
    }
  }

  async #add (candidate: RTCIceCandidateInit): Promise<void> {
    if (JSON.stringify(candidate).length > MAX_CANDIDATE) return
    if (this.connection.remoteDescription === null || this.connection.remoteDescription === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push(candidate)
      return
    }
    try {
      await this.connection.addIceCandidate(candidate)
    } catch {
      // Of an offer that was ignored, or of a kind that is unknown here: one path less to try.
    }
  }

  #found (candidate: RTCIceCandidate | null): void {
    // The end of gathering is not passed on: it is no path, and not every implementation takes it.
    if (!candidate?.candidate) return
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate
    this.#candidates.push({ candidate: candidate.candidate, sdpMid, sdpMLineIndex, ...(usernameFragment && { usernameFragment }) })
    if (this.#pace === 0) this.#flush()
    else this.#timer ??= setTimeout(() => { this.#flush() }, this.#pace)
  }

  #flush (): void {
    // Before its description, a candidate means nothing to the other side.
    if (this.#describing > 0 || this.#candidates.length === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pace = this.#pace * 2 || CANDIDATE_PACE
    for (const candidate of this.#candidates.splice(0)) this.#send({ candidate })
  }

  #send (value: unknown): void {
    this.channel.send(value).catch(error => { this.#fail(error) })
  }

  /** Ends the channel, and with it `run`; the other side hears why. */
  #fail (error: unknown): void {
    void this.channel.close(error)
  }

  async #rollBack (): Promise<void> {
    await this.connection.setLocalDescription({ type: 'rollback' }).catch(() => {})
  }
}
