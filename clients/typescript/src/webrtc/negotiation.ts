import { Scope } from '../scope.js'
import { agree, parseDescription, type Agreement, type Description, type Contribution } from './agreement.js'
import { parseCandidate, RemoteCandidates } from './candidates.js'
import type { Channel } from './channel.js'
import { deferred } from './deferred.js'
import { CallError } from './errors.js'

/** What connecting a peer needs from a negotiation. */
export interface Negotiator {
  /** Resolves as soon as both sides' certificates are known. */
  readonly agreement: Promise<Agreement>
  /** Resolves when the other side's first description arrives, so that ICE can look for a path. */
  readonly answered: Promise<void>
  /** Negotiates until the channel ends. Rejects with the channel's error or a `CallError` of its own. */
  run (): Promise<void>
  /** Restarts ICE to find a new network path. */
  restart (): void
}

/**
 * The first wait between two messages with candidates, in ms. It doubles each time, so that slow gathering
 * costs few requests.
 */
const CANDIDATE_DELAY = 10

/** How long the first description waits for a candidate, and then for those that come with it, in ms. */
const FIRST_CANDIDATE = 10
const NEXT_CANDIDATES = 1

/** How many candidates are kept until the description they belong to arrives. */
const MAX_EARLY_CANDIDATES = 100

/**
 * The negotiation of one call, in two phases.
 *
 * 1. The first exchange has a single course: the host offers, the guest answers with its contribution, and
 *    both sides agree on the code and the certificates. Anything else ends the call.
 * 2. After that it is perfect negotiation (W3C WebRTC 1.0, section 10.7): either side may offer at any time;
 *    if both do, the guest, the polite side, rolls back its offer. The agreement stands: a description with
 *    other certificates ends the call.
 */
export class Negotiation implements Negotiator {
  readonly #settled = deferred<Agreement>()
  readonly #answer = deferred<void>()
  readonly agreement = this.#settled.promise
  readonly answered = this.#answer.promise
  #agreement: Agreement | undefined
  #makingOffer = false
  #settingAnswer = false
  /** whether this side had something to offer before there was an agreement */
  #offerLater = false
  readonly #remoteCandidates = new RemoteCandidates()
  #earlyCandidates: RTCIceCandidateInit[] = []
  #localCandidates: RTCIceCandidateInit[] = []
  /** resolves shortly after the first candidate, or when there will be none */
  readonly #gathered = deferred<void>()
  #describing = 0
  #flushDelay = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param digits how long the code is, if it is not as usual */
  constructor (
    private readonly connection: RTCPeerConnection,
    private readonly channel: Channel,
    private readonly contribution: Contribution,
    private readonly digits?: number
  ) {
    this.agreement.catch(() => {})
  }

  async run (): Promise<void> {
    const { connection } = this
    // A property, because not every RTCPeerConnection outside browsers dispatches the event.
    connection.onnegotiationneeded = () => {
      if (this.#agreement === undefined) this.#offerLater = true
      else void this.#offer()
    }
    const onCandidate = ({ candidate }: RTCPeerConnectionIceEvent) => { this.#onCandidate(candidate) }
    connection.addEventListener('icecandidate', onCandidate)
    try {
      if (this.contribution.role === 'host') void this.#offer()
      for await (const value of this.channel) await this.#handle(value)
    } catch (error) {
      this.#settled.reject(error)
      // The channel is no longer read.
      this.#fail(error)
      throw error
    } finally {
      connection.onnegotiationneeded = null
      connection.removeEventListener('icecandidate', onCandidate)
      clearTimeout(this.#timer)
      // Nobody will answer a pending offer now.
      if (connection.signalingState === 'have-local-offer') await this.#rollBack()
    }
  }

  /** Only the host restarts ICE: both sides notice a broken path. */
  restart (): void {
    if (this.contribution.role === 'host') this.connection.restartIce()
  }

  async #handle (value: unknown): Promise<void> {
    try {
      await this.#receive(value)
    } catch (error) {
      // An unexpected error is the fault of the message.
      throw error instanceof CallError ? error : new CallError('CALL_ERR_FORMAT', { cause: error })
    }
  }

  async #receive (value: unknown): Promise<void> {
    // Members added by later versions are ignored.
    const { description, candidate, opening, random } = Object(value) as Record<string, unknown>
    if (description !== undefined) {
      const theirs = parseDescription(description)
      if (this.#agreement === undefined) await this.#exchangeFirst(theirs, this.contribution.role === 'host' ? opening : random)
      else await this.#renegotiate(theirs, this.#agreement)
    }
    if (candidate !== undefined) await this.#addCandidate(parseCandidate(candidate))
  }

  /** The first exchange: the only place where an agreement is made, and where openings and random numbers are read. */
  async #exchangeFirst (theirs: Description, number: unknown): Promise<void> {
    const { session } = this.channel
    const { role } = this.contribution
    if (session === undefined || theirs.type !== (role === 'host' ? 'answer' : 'offer')) throw new CallError('CALL_ERR_FORMAT')
    const settle = async () => {
      const own = this.connection.localDescription?.sdp
      if (own === undefined) throw new CallError('CALL_ERR_FORMAT')
      this.#agreement = await agree(this.contribution, session, own, theirs, number, this.digits)
      this.#settled.resolve(this.#agreement)
    }
    if (role === 'host') {
      await settle()
      this.#answer.resolve()
      await this.#accept(theirs)
    } else {
      this.#answer.resolve()
      await this.#accept(theirs)
      // What was needed before is in the answer, or is announced again after it.
      this.#offerLater = false
      await this.#describe(settle)
      if (this.#offerLater) void this.#offer()
    }
  }

  async #renegotiate (theirs: Description, { fingerprint }: Agreement): Promise<void> {
    if (theirs.fingerprint !== fingerprint) throw new CallError('CALL_ERR_FINGERPRINT')
    const ready = !this.#makingOffer && (this.connection.signalingState === 'stable' || this.#settingAnswer)
    const collision = theirs.type === 'offer' && !ready
    if (collision && this.contribution.role === 'host') return
    this.#settingAnswer = theirs.type === 'answer'
    await this.#accept(theirs)
    this.#settingAnswer = false
    if (theirs.type === 'offer') await this.#describe()
  }

  async #accept ({ type, sdp }: Description): Promise<void> {
    await this.#applyDescription(() => this.#setRemote({ type, sdp: this.#remoteCandidates.limit(sdp) }))
    for (const candidate of this.#earlyCandidates.splice(0)) await this.#addCandidate(candidate)
  }

  /** Not every implementation outside browsers rolls its own offer back for the other side's by itself. */
  async #setRemote (description: RTCSessionDescriptionInit): Promise<void> {
    const { connection } = this
    try {
      await connection.setRemoteDescription(description)
    } catch (error) {
      if (description.type !== 'offer' || connection.signalingState !== 'have-local-offer') throw error
      await this.#rollBack()
      await connection.setRemoteDescription(description)
    }
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
   * Sets and sends the offer or answer that the signaling state calls for; candidates follow it. This side's
   * contribution to the code goes with its first description.
   * @param settle called in between for the guest's first answer, which settles the agreement
   */
  async #describe (settle?: () => Promise<void>): Promise<void> {
    this.#describing++
    this.#flushDelay = 0
    const first = this.#agreement === undefined
    try {
      await this.#applyDescription(() => setLocalDescription(this.connection))
      if (this.connection.signalingState === 'closed') return
      // Read at once: later, candidates may be on their way into it.
      const { type, sdp } = this.connection.localDescription as RTCSessionDescription
      // Before the agreement, so that nothing is offered until this is sent.
      if (first) await this.#gatherFirst()
      await settle?.()
      // These were gathered in time to be part of the description, which may write fewer extensions after the type.
      this.#localCandidates = this.#localCandidates.filter(({ candidate = '' }) => !sdp.includes(`a=${candidate.split(' ', 8).join(' ')}`))
      const number = this.contribution.role === 'guest' ? { opening: this.contribution.opening } : { random: this.contribution.random }
      this.#send({ ...(first && number), description: { type, sdp } })
    } finally {
      this.#describing--
    }
    this.#flush()
  }

  /** Some candidates come at once. Together with the description, they cost no message of their own, and arrive sooner. */
  async #gatherFirst (): Promise<void> {
    if (/new|gathering/.test(this.connection.iceGatheringState)) await Scope.settled(this.#gathered.promise, FIRST_CANDIDATE)
  }

  /** Unless the connection has been closed in the meantime, the descriptions are at fault. */
  async #applyDescription (work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      if (this.connection.signalingState !== 'closed') throw new CallError('CALL_ERR_DESCRIPTION', { cause })
    }
  }

  async #addCandidate (candidate: RTCIceCandidateInit | undefined): Promise<void> {
    if (candidate === undefined) return
    if (this.connection.remoteDescription === null || this.connection.remoteDescription === undefined) {
      if (this.#earlyCandidates.length < MAX_EARLY_CANDIDATES) this.#earlyCandidates.push(candidate)
      return
    }
    if (!this.#remoteCandidates.admit(candidate)) return
    try {
      await this.connection.addIceCandidate(candidate)
    } catch {
      // It belongs to an ignored offer, or its kind is unknown here. There is one path fewer to try.
    }
  }

  #onCandidate (candidate: RTCIceCandidate | null): void {
    // The end-of-candidates signal is not passed on: not every implementation accepts it.
    if (!candidate?.candidate) return this.#gathered.resolve()
    setTimeout(this.#gathered.resolve, NEXT_CANDIDATES)
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate
    this.#localCandidates.push({ candidate: candidate.candidate, sdpMid, sdpMLineIndex, ...(usernameFragment && { usernameFragment }) })
    if (this.#flushDelay === 0) this.#flush()
    else this.#timer ??= setTimeout(() => { this.#flush() }, this.#flushDelay)
  }

  #flush (): void {
    // Before its description, a candidate means nothing to the other side.
    if (this.#describing > 0 || this.#localCandidates.length === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushDelay = this.#flushDelay * 2 || CANDIDATE_DELAY
    for (const candidate of this.#localCandidates.splice(0)) this.#send({ candidate })
  }

  #send (value: unknown): void {
    this.channel.send(value).catch(error => { this.#fail(error) })
  }

  /** Closes the channel, and with it `run`; the other side is told why. */
  #fail (error: unknown): void {
    void this.channel.close(error)
  }

  async #rollBack (): Promise<void> {
    await this.connection.setLocalDescription({ type: 'rollback' }).catch(() => {})
  }
}

/** Makes the description that the signaling state calls for, if the implementation does not do so itself. */
async function setLocalDescription (connection: RTCPeerConnection): Promise<void> {
  try {
    return await connection.setLocalDescription()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  for (;;) {
    const state = connection.signalingState
    try {
      const description = state === 'have-remote-offer' ? await connection.createAnswer() : await connection.createOffer()
      return await connection.setLocalDescription(description)
    } catch (error) {
      // The other side's offer may have come in between.
      if (connection.signalingState === state) throw error
    }
  }
}
