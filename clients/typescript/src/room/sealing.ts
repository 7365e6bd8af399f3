import { concat, fromBase64url, randomBytes, toBase64url, utf8, type Bytes } from '../bytes.js'
import { requirePlatform } from '../platform.js'
import { secretBytes } from './secret.js'

/*
 * What `docs/rooms.md` specifies for other languages: the box id and the key of a room, and its sealed messages. The
 * server learns the box id, which reveals nothing about the key.
 */

const LABEL = 'signalbox room v1'
const IV_BYTES = 12

/** A message as the server sees it. */
interface SealedMessage {
  v: 1
  /** a random nonce of 12 bytes, the ciphertext of the JSON text, and the tag of 16 bytes, in base64url */
  sealed: string
}

/** What was sealed, and what tells this message from every other one. */
export interface Opened {
  data: unknown
  nonce: string
}

/** The box id and the key of a room. */
export class RoomKey {
  private constructor (readonly box: string, private readonly key: CryptoKey) {}

  /** @throws TypeError if the secret could be guessed, or on a page that is neither on HTTPS nor on localhost */
  static async derive (secret: string, name: string): Promise<RoomKey> {
    const bytes = secretBytes(secret)
    requirePlatform(['crypto.subtle'])
    const hkdf = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits', 'deriveKey'])
    const params = (purpose: string): HkdfParams =>
      ({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8([LABEL, purpose, name].join('\n')) })
    const id = new Uint8Array(await crypto.subtle.deriveBits(params('box'), hkdf, 24 * 8))
    const key = await crypto.subtle.deriveKey(params('key'), hkdf, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    return new RoomKey(`box_${toBase64url(id)}`, key)
  }

  /** Seals a JSON text. @returns the JSON text of the sealed message */
  async seal (text: string): Promise<string> {
    const iv = randomBytes(IV_BYTES)
    const ciphertext = await crypto.subtle.encrypt(gcm(iv), this.key, utf8(text))
    const message: SealedMessage = { v: 1, sealed: toBase64url(concat(iv, new Uint8Array(ciphertext))) }
    return JSON.stringify(message)
  }

  /** Opens what a member sealed; undefined for anything else. */
  async open (message: unknown): Promise<Opened | undefined> {
    const { v, sealed } = (message ?? {}) as Partial<SealedMessage>
    const bytes = v === 1 && typeof sealed === 'string' ? fromBase64url(sealed) : undefined
    if (bytes === undefined) return undefined
    const iv = bytes.slice(0, IV_BYTES)
    try {
      const text = await crypto.subtle.decrypt(gcm(iv), this.key, bytes.slice(IV_BYTES))
      // Not a slice of the sealed text, which would keep all of that in memory.
      return { data: JSON.parse(new TextDecoder().decode(text)), nonce: toBase64url(iv) }
    } catch {
      return undefined
    }
  }
}

function gcm (iv: Bytes): AesGcmParams {
  return { name: 'AES-GCM', iv, tagLength: 128, additionalData: utf8(LABEL) }
}
