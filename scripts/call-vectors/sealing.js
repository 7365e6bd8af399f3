/* What docs/sealing.md says, step by step. */

import { createCipheriv, createHash, hkdfSync } from 'node:crypto'

export const base64url = bytes => Buffer.from(bytes).toString('base64url')
export const fromBase64url = text => Buffer.from(text, 'base64url')
/** As many bytes, counted up from this one. */
export const fixed = (first, length) => Buffer.from(Uint8Array.from({ length }, (_, index) => first + index))
const joined = parts => ['signalbox v1', ...parts].join('\n')

export const hostDrop = `drop_${base64url(Buffer.alloc(24, 0xa1))}`
export const guestDrop = `drop_${base64url(Buffer.alloc(24, 0xb2))}`

export function sha256 (...parts) {
  return createHash('sha256').update(joined(parts)).digest()
}

export const idOf = self => base64url(sha256('participant', self).subarray(0, 16))
export const commitmentTo = (opening, fingerprint) => base64url(sha256('commitment', opening, fingerprint))
export const fingerprintOf = sdp => /^a=fingerprint:(.+)\r$/m.exec(sdp)[1]

/** One conversation: its keys, and both sides' numbers. */
export class Sealing {
  #sent = { host: 0, guest: 0 }

  constructor ({ secret, host, guest, guestNonce, hostNonce }) {
    Object.assign(this, { secret, host, guest, guestNonce, hostNonce })
    this.salt = Buffer.concat([fromBase64url(guestNonce), fromBase64url(hostNonce)])
    this.id = base64url(this.#hkdf(Buffer.alloc(0), 6, 'key id'))
  }

  #hkdf (salt, length, ...context) {
    return Buffer.from(hkdfSync('sha256', this.secret, salt, joined(context), length))
  }

  hello (value) {
    const key = this.#hkdf(fromBase64url(this.guestNonce), 32, 'hello', this.host)
    return this.#seal(key, { to: this.host, from: 'guest', session: this.guestNonce, n: 0 }, value)
  }

  message (from, value) {
    const key = this.#hkdf(this.salt, 32, from, this.host, this.guest)
    const to = from === 'host' ? this.guest : this.host
    return this.#seal(key, { to, from, session: `${this.guestNonce}.${this.hostNonce}`, n: ++this.#sent[from] }, value)
  }

  /** @param parts opening, random, the host's fingerprint, the guest's */
  code (...parts) {
    const bytes = this.#hkdf(this.salt, 8, 'code', ...parts, this.host, this.guest)
    return String(bytes.readBigUInt64BE() % 1_000_000n).padStart(6, '0')
  }

  #seal (key, { to, from, session, n }, value) {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(BigInt(n), 4)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(joined([to, this.id, from, session, n])))
    const sealed = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()])
    return { v: 1, to, key: this.id, from, session, n, sealed: base64url(sealed) }
  }
}
