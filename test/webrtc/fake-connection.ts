import { createHash } from 'node:crypto'
import { randomBytes } from '../../clients/typescript/src/bytes.js'

/** What has the fingerprint: nothing here looks into a certificate. */
const certificates = new Map<string, ArrayBuffer>()

export function newFingerprint (): string {
  const certificate = randomBytes(32)
  const digest = createHash('sha256').update(certificate).digest()
  const fingerprint = `sha-256 ${Array.from(digest, byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')}`
  certificates.set(fingerprint, certificate.buffer)
  return fingerprint
}

/** A description as a browser writes it. @param lines its fingerprint lines, in full */
export function sdpWith (...lines: string[]): string {
  return ['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0', 'a=ice-ufrag:Ld3f', 'a=ice-pwd:yMq2YzLq8mTIbXoHkZ4vWnTj', ...lines, 'a=setup:actpass', 'a=mid:0', 'a=sctp-port:5000', ''].join('\r\n')
}

export const line = (fingerprint: string) => `a=fingerprint:${fingerprint}`

/** A data channel to nobody, unless another takes what it sends. */
export class FakeDataChannel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting'
  readonly sent: string[] = []
  other: FakeDataChannel | undefined

  send (text: string): void {
    this.sent.push(text)
    const { other } = this
    queueMicrotask(() => { other?.say(text) })
  }

  /** Text arrives here. */
  say (data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }

  open (): void {
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }

  close (): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

/**
 * The signaling states and the certificates of a connection, without a network. It takes fingerprints
 * from any line, as the most lenient of browsers would: whoever is named in any way may connect.
 */
export class FakeConnection extends EventTarget {
  readonly fingerprint = newFingerprint()
  /** lines that its next descriptions have besides */
  more = ''
  readonly channel = new FakeDataChannel()
  /** The library's own: it does not open unless a test opens it, as at a peer that has none. */
  readonly control = new FakeDataChannel()
  readonly candidates: RTCIceCandidateInit[] = []
  signalingState: RTCSignalingState = 'stable'
  connectionState: RTCPeerConnectionState = 'new'
  localDescription: RTCSessionDescriptionInit | null = null
  remoteDescription: RTCSessionDescriptionInit | null = null
  onnegotiationneeded: (() => void) | null = null
  /** how it shows the certificate of the other end; undefined where it does not */
  shown: (() => ArrayBuffer[]) | undefined = () => [certificates.get(this.#connectedTo)!]
  #connectedTo = ''

  get sctp () { return { transport: { getRemoteCertificates: this.shown } } }

  createDataChannel (label: string) { return label === 'signalbox' ? this.channel : this.control }
  async createOffer () { return this.#describe('offer') }
  async addIceCandidate (candidate: RTCIceCandidateInit) { this.candidates.push(candidate) }
  restartIce () { this.onnegotiationneeded?.() }

  async setLocalDescription (description?: RTCSessionDescriptionInit): Promise<void> {
    if (description?.type === 'rollback') {
      this.signalingState = 'stable'
      return
    }
    this.localDescription = this.#describe(this.signalingState === 'have-remote-offer' ? 'answer' : 'offer')
    this.signalingState = this.signalingState === 'have-remote-offer' ? 'stable' : 'have-local-offer'
  }

  async setRemoteDescription (description: RTCSessionDescriptionInit): Promise<void> {
    const { type } = description
    const from: RTCSignalingState[] = type === 'offer' ? ['stable', 'have-local-offer', 'have-remote-offer'] : ['have-local-offer', 'have-remote-pranswer']
    if (!from.includes(this.signalingState)) throw new DOMException(`${type} in ${this.signalingState}`, 'InvalidStateError')
    if (type !== 'rollback') this.remoteDescription = description
    this.signalingState = ({ offer: 'have-remote-offer', answer: 'stable', pranswer: 'have-remote-pranswer', rollback: 'stable' } as const)[type]
  }

  /**
   * Somebody with this certificate connects.
   * @param really the certificate that he has, where nothing compares it
   * @returns whether it was let in
   */
  open (fingerprint: string, really = fingerprint): boolean {
    const named: string[] = this.remoteDescription?.sdp?.match(/sha-256\s+[\dA-F:]{95}/gi) ?? []
    if (this.localDescription === null || this.connectionState === 'closed' || !named.includes(fingerprint)) return false
    this.#connectedTo = really
    this.connectionState = 'connected'
    this.channel.open()
    return true
  }

  /** The network is gone, and the connection with it. */
  break () {
    this.connectionState = 'closed'
    this.channel.close()
    this.control.close()
  }

  close () {
    this.signalingState = 'closed'
    this.connectionState = 'closed'
  }

  #describe (type: 'offer' | 'answer'): { type: 'offer' | 'answer', sdp: string } {
    return { type, sdp: sdpWith(line(this.fingerprint)) + this.more }
  }
}

/** A constructor for `RTCPeerConnection`, and what it made. */
export function fakeConnections () {
  const made: FakeConnection[] = []
  class RTCPeerConnection extends FakeConnection {
    constructor () {
      super()
      made.push(this)
    }
  }
  return { made, RTCPeerConnection: RTCPeerConnection as unknown as typeof globalThis.RTCPeerConnection }
}
