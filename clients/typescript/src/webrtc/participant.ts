/*
 * Who is who in a call, and the keys with which two guests seal what they say through the host. See
 * docs/sealing.md, "Two guests".
 */

import { concat, fromBase64url, toBase64url, utf8, type Bytes } from '../bytes.js'
import { CallError } from './errors.js'
import { createNonce, inviteKey, type InviteKey, type Role } from './sealing.js'

const ID_BYTES = 16
/** An uncompressed point of P-256. */
const KEY_BYTES = 65
const CURVE = { name: 'ECDH', namedCurve: 'P-256' }

/** The id of a participant, from what only it and the host know: nobody else can come back under this id. */
export async function idOf (self: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(['signalbox v1', 'participant', self].join('\n')))
  return toBase64url(new Uint8Array(digest, 0, ID_BYTES))
}

/** The id of a guest that says this in its hello. */
export async function idOfGuest (hello: unknown, drop: string): Promise<string> {
  const { self } = Object(hello) as { self?: unknown }
  return await idOf(isId(self) ? self : drop)
}

export function isId (value: unknown): value is string {
  return typeof value === 'string' && fromBase64url(value)?.length === ID_BYTES
}

export function isPublicKey (value: unknown): value is string {
  return typeof value === 'string' && fromBase64url(value)?.length === KEY_BYTES
}

/** One guest's own part in a call, from joining to leaving. */
export class Participant {
  private constructor (
    /** Sent to the host alone, in every hello. */
    readonly self: string,
    readonly id: string,
    /** The public key, in base64url. */
    readonly key: string,
    private readonly privateKey: CryptoKey
  ) {}

  static async create (): Promise<Participant> {
    const self = createNonce()
    const { publicKey, privateKey } = await crypto.subtle.generateKey(CURVE, false, ['deriveBits'])
    const key = toBase64url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)))
    return new Participant(self, await idOf(self), key, privateKey)
  }

  /**
   * This guest's role in a conversation with another: the one with the lower id takes the host's role. Nothing that
   * happens in a call changes this, so the two always agree.
   */
  roleWith (id: string): Role {
    return this.id < id ? 'host' : 'guest'
  }

  /**
   * What this guest and another use instead of an invite's key: only these two can compute it.
   * @throws CallError `CALL_ERR_KEY` if the other's key is not a point on the curve
   */
  async keyWith (other: { id: string, key: string }): Promise<InviteKey> {
    const theirs = fromBase64url(other.key)
    if (theirs === undefined) throw new CallError('CALL_ERR_KEY')
    let shared: Bytes
    try {
      const publicKey = await crypto.subtle.importKey('raw', theirs, CURVE, false, [])
      shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, this.privateKey, 256))
    } catch (cause) {
      throw new CallError('CALL_ERR_KEY', { cause })
    }
    const [host, guest] = this.roleWith(other.id) === 'host' ? [this, other] : [other, this]
    const secret = await crypto.subtle.digest('SHA-256', concat(shared, utf8(['signalbox v1', 'pair', host.key, guest.key].join('\n'))))
    return await inviteKey(new Uint8Array(secret), host.id)
  }
}
