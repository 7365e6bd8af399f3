import type { Channel } from './channel.js'
import { checkCommitment, fingerprintOf, shortCode } from './code.js'
import { CallError } from './errors.js'
import type { Role } from './sealing.js'

/** What negotiation needs to know of the fingerprint that the guest committed to; see code.ts. */
export type Proof = { role: 'guest', opening: string } | { role: 'host', commitment: unknown }

/** ms between two messages with candidates, at first; it doubles with each, so that slow gathering costs few requests. */
const CANDIDATE_PACE = 10

/** How many candidates may come before the description that they belong to. */
const MAX_EARLY = 256

/**
 * Perfect negotiation (W3C WebRTC 1.0, section 10.7): either side may offer at any time; when both
 * do, the guest, who is polite, takes its offer back. It begins with the host's offer, to which the
 * guest's answer adds what the guest brings.
 *
 * The other side's certificate is pinned: the fingerprint of its first description holds for the
 * whole call, and the guest's must be the one that its hello committed to.
 */
export class Negotiation {
  /** Settles as soon as both certificates are known. */
  readonly code: Promise<string>
  /** Resolves when the other side has described itself, so that a network path can be looked for. */
  readonly answered: Promise<void>
  #settleCode!: { resolve: (code: string) => void, reject: (error: unknown) => void }
  #settleAnswered!: () => void
  #makingOffer = false
  #ignoringOffer = false
  #settingAnswer = false
  #remoteFingerprint: string | undefined
  #opening: unknown
  #early: RTCIceCandidateInit[] = []
  #candidates: RTCIceCandidateInit[] = []
  #describing = 0
  #pace = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (
    private readonly connection: RTCPeerConnection,
    private readonly channel: Channel,
    private readonly proof: Proof
  ) {
    this.code = new Promise((resolve, reject) => { this.#settleCode = { resolve, reject } })
    this.code.catch(() => {})
    this.answered = new Promise(resolve => { this.#settleAnswered = resolve })
  }

  get role (): Role { return this.proof.role }

  /** Negotiates until the channel ends. Throws what the channel throws, and `CallError`s of its own. */
  async run (): Promise<void> {
    const { connection } = this
    // The property, because not every RTCPeerConnection outside of browsers has the event.
    connection.onnegotiationneeded = () => { this.#offer() }
    const onCandidate = ({ candidate }: RTCPeerConnectionIceEvent) => { this.#found(candidate) }
    connection.addEventListener('icecandidate', onCandidate)
    try {
      if (this.role === 'host') this.#offer()
      for await (const value of this.channel) await this.#take(value)
    } catch (error) {
      this.#settleCode.reject(error)
      throw error
    } finally {
      connection.onnegotiationneeded = null
      connection.removeEventListener('icecandidate', onCandidate)
      clearTimeout(this.#timer)
    }
  }

  /** Looks for a new network path. Only the host starts this: if a path is broken, both notice. */
  restart (): void {
    if (this.role === 'host') this.connection.restartIce()
  }

  async #take (value: unknown): Promise<void> {
    // What a later version adds is left alone.
    const { description, candidate, opening } = Object(value) as Record<string, unknown>
    if (opening !== undefined) this.#opening = opening
    if (description !== undefined) await this.#described(description as RTCSessionDescriptionInit)
    if (candidate !== undefined) await this.#add(candidate as RTCIceCandidateInit)
  }

  async #offer (): Promise<void> {
    // The guest's first words are its answer: whatever it wants to add goes with that.
    if (this.#makingOffer || (this.role === 'guest' && this.#remoteFingerprint === undefined)) return
    this.#makingOffer = true
    try {
      await this.#describe()
    } catch (error) {
      if (this.connection.signalingState !== 'closed') this.#settleCode.reject(error)
    } finally {
      this.#makingOffer = false
    }
  }

  /** Sets and sends the offer or answer that the state asks for; candidates go after it. */
  async #describe (): Promise<void> {
    this.#describing++
    this.#pace = 0
    try {
      await this.connection.setLocalDescription()
      const { type, sdp } = this.connection.localDescription as RTCSessionDescription
      // Gathered already, and thus in the description.
      this.#candidates = this.#candidates.filter(({ candidate }) => !sdp.includes(`a=${candidate}`))
      const first = this.proof.role === 'guest' && this.#opening === undefined
      if (first) this.#opening = (this.proof as { opening: string }).opening
      this.#send({ ...(first && { opening: this.#opening }), description: { type, sdp } })
    } finally {
      this.#describing--
    }
    this.#flush()
  }

  async #described (description: RTCSessionDescriptionInit): Promise<void> {
    const { connection } = this
    const fingerprint = fingerprintOf(String(description.sdp))
    if (fingerprint !== (this.#remoteFingerprint ?? fingerprint)) throw new CallError('CALL_ERR_FINGERPRINT')
    if (this.proof.role === 'host' && this.#remoteFingerprint === undefined) {
      await checkCommitment(this.proof.commitment, this.#opening, fingerprint)
    }
    this.#remoteFingerprint = fingerprint
    this.#settleAnswered()

    const ready = !this.#makingOffer && (connection.signalingState === 'stable' || this.#settingAnswer)
    const collision = description.type === 'offer' && !ready
    this.#ignoringOffer = collision && this.role === 'host'
    if (this.#ignoringOffer) return
    try {
      this.#settingAnswer = description.type === 'answer'
      await connection.setRemoteDescription(description)
      this.#settingAnswer = false
      for (const candidate of this.#early.splice(0)) await this.#add(candidate)
      if (description.type === 'offer') await this.#describe()
    } catch (cause) {
      if (connection.signalingState === 'closed') return
      throw new CallError('CALL_ERR_DESCRIPTION', { cause })
    }
    await this.#agree()
  }

  async #add (candidate: RTCIceCandidateInit): Promise<void> {
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

  /** A failure to send ends the channel, and with it `run`. */
  #send (value: unknown): void {
    this.channel.send(value).catch(() => {})
  }

  async #agree (): Promise<void> {
    const { session } = this.channel
    const local = this.connection.localDescription?.sdp
    if (session === undefined || local === undefined || this.#remoteFingerprint === undefined) return
    const own = fingerprintOf(local)
    const [host, guest] = this.role === 'host' ? [own, this.#remoteFingerprint] : [this.#remoteFingerprint, own]
    this.#settleCode.resolve(await shortCode(session, host, guest, String(this.#opening)))
  }
}
