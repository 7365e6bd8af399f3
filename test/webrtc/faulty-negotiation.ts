import type { Agreement, Contribution } from '../../clients/typescript/src/webrtc/agreement.js'
import type { Channel } from '../../clients/typescript/src/webrtc/channel.js'
import { checkCommitment, fingerprintOf, shortCode } from '../../clients/typescript/src/webrtc/short-code.js'
import { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { DIGITS } from './adversary.js'
import type { Negotiator } from '../../clients/typescript/src/webrtc/negotiation.js'

/**
 * How negotiation was at first, without its candidates, with the fault by which somebody in the middle
 * made the codes equal: any message can bring another opening, and only the one that was there at the
 * first description is checked.
 */
export class FaultyNegotiation implements Negotiator {
  readonly agreement: Promise<Agreement>
  readonly answered = Promise.resolve()
  #settle!: { resolve: (agreement: Agreement) => void, reject: (error: unknown) => void }
  #opening: unknown
  #random: unknown
  #remoteFingerprint: string | undefined

  constructor (
    private readonly connection: RTCPeerConnection,
    private readonly channel: Channel,
    private readonly contribution: Contribution
  ) {
    this.agreement = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    this.agreement.catch(() => {})
  }

  async run (): Promise<void> {
    try {
      if (this.contribution.role === 'host') await this.#describe()
      for await (const value of this.channel) {
        const { description, opening, random } = Object(value)
        this.#random ??= random
        if (opening !== undefined) this.#opening = opening
        if (description !== undefined) await this.#described(description)
      }
    } catch (error) {
      this.#settle.reject(error)
      throw error
    }
  }

  restart (): void {}

  async #describe (): Promise<void> {
    await this.connection.setLocalDescription()
    const { type, sdp } = this.connection.localDescription!
    if (this.contribution.role === 'host') this.#random = this.contribution.random
    const first = this.contribution.role === 'guest' && this.#opening === undefined
    if (first) this.#opening = (this.contribution as { opening: string }).opening
    this.channel.send({ ...(first && { opening: this.#opening }), ...(this.contribution.role === 'host' && { random: this.#random }), description: { type, sdp } }).catch(() => {})
  }

  async #described (description: RTCSessionDescriptionInit): Promise<void> {
    const fingerprint = fingerprintOf(String(description.sdp))
    if (fingerprint !== (this.#remoteFingerprint ?? fingerprint)) throw new CallError('CALL_ERR_FINGERPRINT')
    if (this.contribution.role === 'host' && this.#remoteFingerprint === undefined) {
      await checkCommitment(this.contribution.commitment, this.#opening, fingerprint)
    }
    this.#remoteFingerprint = fingerprint
    if (description.type === 'offer' && this.connection.signalingState !== 'stable' && this.contribution.role === 'host') return
    await this.connection.setRemoteDescription(description)
    if (description.type === 'offer') await this.#describe()
    const own = fingerprintOf(this.connection.localDescription!.sdp)
    const [host, guest] = this.contribution.role === 'host' ? [own, fingerprint] : [fingerprint, own]
    const code = await shortCode(this.channel.session!, { host, random: String(this.#random), guest, opening: String(this.#opening) }, DIGITS)
    this.#settle.resolve({ code, fingerprint })
  }
}
