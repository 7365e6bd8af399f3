/*
 * Sealed messages: the server that carries them cannot read them, and cannot change, repeat, reorder, reflect
 * or mix them up unnoticed. `docs/sealing.md` specifies this for other languages, and
 * `test/webrtc/sealing-vectors.json` has test vectors.
 *
 * - Keys: HKDF-SHA-256 (RFC 5869) from the invite's secret. Both sides' nonces are the salt; both drop
 *   addresses and the direction are the context, so no two sessions or directions share a key.
 * - Sealing: AES-256-GCM (NIST SP 800-38D). The 96-bit nonce is the message's number, which never repeats
 *   under one key; the whole header is additional authenticated data.
 */

import { concat, fromBase64url, randomBytes, toBase64url, utf8, type Bytes } from '../bytes.js'
import { CallError } from './errors.js'
import { MAX_BATCH_BYTES } from './pieces.js'

export const VERSION = 1

export type Role = 'host' | 'guest'

/** What travels through a box. The server can read everything but `sealed`; the seal authenticates all of it. */
export interface SealedMessage {
  v: number
  /** The drop address of the receiving box. */
  to: string
  /** Identifies the secret: 6 bytes in base64url that reveal nothing about it. */
  key: string
  from: Role
  /** The guest's nonce (16 bytes, base64url); after the hello, followed by a dot and the host's nonce. */
  session: string
  /** 0 for the hello, then 1, 2, 3 … in each direction. */
  n: number
  /** The ciphertext of the JSON text and the 128-bit tag, in base64url. */
  sealed: string
}

/** The tag alone, and the largest batch with its tag, in base64url. */
const MIN_SEALED = 22
const MAX_SEALED = Math.ceil((MAX_BATCH_BYTES + 16) * 4 / 3)

const NONCE_BYTES = 16
const NONCE_CHARACTERS = 22
const KEY_ID_BYTES = 6
const KEY_ID_CHARACTERS = 8
const members = ['v', 'to', 'key', 'from', 'session', 'n', 'sealed']

/** 32 random bytes. The invite carries them in its fragment; the server never sees them. */
export function createSecret (): Bytes {
  return randomBytes(32)
}

/** 16 random bytes in base64url. Each side contributes a nonce to a session, so that its keys are new. */
export function createNonce (): string {
  return toBase64url(randomBytes(NONCE_BYTES))
}

/** The keys of an invite: the secret as an HKDF key, its public id, and the host's drop address. */
export interface InviteKey {
  readonly hkdf: CryptoKey
  readonly id: string
  readonly hostDrop: string
}

export async function inviteKey (secret: Bytes, hostDrop: string): Promise<InviteKey> {
  if (globalThis.crypto?.subtle === undefined) throw new CallError('CALL_ERR_INSECURE')
  const hkdf = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits', 'deriveKey'])
  const id = await deriveBits(hkdf, new Uint8Array(), ['key id'], KEY_ID_BYTES)
  return { hkdf, id: toBase64url(id), hostDrop }
}

/** Seals the guest's first message, which says where the guest can be reached. */
export async function sealHello (invite: InviteKey, guestNonce: string, value: unknown): Promise<SealedMessage> {
  const key = await deriveKey(invite.hkdf, nonceBytes(guestNonce), ['hello', invite.hostDrop])
  return await seal(key, { v: VERSION, to: invite.hostDrop, key: invite.id, from: 'guest', session: guestNonce, n: 0 }, value)
}

/**
 * Opens a guest's first message. It is all that an unknown guest can say, and it could be replayed to a host
 * that has lost its memory. So the only safe thing to do with it is to answer.
 */
export async function openHello (invite: InviteKey, message: SealedMessage): Promise<unknown> {
  if (message.to !== invite.hostDrop) throw new CallError('CALL_ERR_FOREIGN')
  if (message.key !== invite.id) throw new CallError('CALL_ERR_KEY')
  if (message.from === 'host') throw new CallError('CALL_ERR_REFLECTED')
  if (message.session.includes('.')) throw new CallError('CALL_ERR_FOREIGN')
  if (message.n !== 0) throw new CallError('CALL_ERR_ORDER')
  return await open(await deriveKey(invite.hkdf, nonceBytes(message.session), ['hello', invite.hostDrop]), message)
}

export interface SessionParts {
  role: Role
  guestDrop: string
  guestNonce: string
  hostNonce: string
}

/** A session between one guest and one host: seals what this side sends and opens what the other side sent. */
export class Session {
  /** The first message of a session has the number 1: the hello had 0. */
  #sent = 0
  #received = 0

  private constructor (
    readonly invite: InviteKey,
    readonly parts: SessionParts,
    private readonly sealingKey: CryptoKey,
    private readonly openingKey: CryptoKey
  ) {}

  static async create (invite: InviteKey, parts: SessionParts): Promise<Session> {
    const keyOf = (from: Role) =>
      deriveKey(invite.hkdf, salt(parts), [from, invite.hostDrop, parts.guestDrop])
    const [host, guest] = await Promise.all([keyOf('host'), keyOf('guest')])
    return parts.role === 'host'
      ? new Session(invite, parts, host, guest)
      : new Session(invite, parts, guest, host)
  }

  get id (): string {
    return `${this.parts.guestNonce}.${this.parts.hostNonce}`
  }

  /** Numbers and seals a JSON value. Store the messages in the order of these calls. */
  async seal (value: unknown): Promise<SealedMessage> {
    const { invite, parts } = this
    return await seal(this.sealingKey, {
      v: VERSION,
      to: parts.role === 'host' ? parts.guestDrop : invite.hostDrop,
      key: invite.id,
      from: parts.role,
      session: this.id,
      n: ++this.#sent
    }, value)
  }

  /**
   * Opens the other side's next message. Everything else is refused, each case with its own `CallError` code.
   * @param afterGap decides which values are accepted even after a gap; none by default
   */
  async open (message: SealedMessage, afterGap: (value: unknown) => boolean = () => false): Promise<unknown> {
    const { invite, parts } = this
    const ours = message.session === this.id || message.session === parts.guestNonce
    if (message.from === parts.role && ours) throw new CallError('CALL_ERR_REFLECTED')
    if (message.to !== (parts.role === 'host' ? invite.hostDrop : parts.guestDrop)) throw new CallError('CALL_ERR_FOREIGN')
    if (message.key !== invite.id) throw new CallError('CALL_ERR_KEY')
    if (message.from === parts.role || message.session !== this.id) throw new CallError('CALL_ERR_FOREIGN')
    const n = this.#received + 1
    if (message.n < n) throw new CallError('CALL_ERR_REPLAYED')
    const value = await this.#openAt(n, message, afterGap)
    // Two concurrent calls could both have seen the old number.
    if (this.#received !== n - 1) throw new CallError('CALL_ERR_REPLAYED')
    this.#received = message.n
    return value
  }

  async #openAt (n: number, message: SealedMessage, afterGap: (value: unknown) => boolean): Promise<unknown> {
    if (message.n === n) return await open(this.openingKey, message)
    const value = await open(this.openingKey, message).catch(() => undefined)
    if (!afterGap(value)) throw new CallError('CALL_ERR_ORDER')
    return value
  }

  /** Derives bytes that only the two sides of this session can know, for another purpose. */
  async derive (context: string[], length: number): Promise<Bytes> {
    const { invite, parts } = this
    return await deriveBits(invite.hkdf, salt(parts), [...context, invite.hostDrop, parts.guestDrop], length)
  }
}

/** Checks the shape only: exactly these members, each of the right type and length. */
export function parseSealed (message: unknown): SealedMessage {
  if (typeof message !== 'object' || message === null) throw new CallError('CALL_ERR_FORMAT')
  const { v, to, key, from, session, n, sealed } = message as Record<keyof SealedMessage, unknown>
  if (typeof v === 'number' && v !== VERSION) throw new CallError('CALL_ERR_VERSION')
  if (v !== VERSION ||
    typeof to !== 'string' || typeof key !== 'string' || key.length !== KEY_ID_CHARACTERS ||
    (from !== 'host' && from !== 'guest') ||
    typeof session !== 'string' || !session.split('.', 3).every((nonce, index) => index < 2 && isNonce(nonce)) ||
    typeof n !== 'number' || !Number.isSafeInteger(n) || n < 0 || Object.is(n, -0) ||
    typeof sealed !== 'string' || sealed.length < MIN_SEALED || !hasOnlyMembers(message)
  ) throw new CallError('CALL_ERR_FORMAT')
  if (sealed.length > MAX_SEALED) throw new CallError('CALL_ERR_TOO_LARGE')
  return { v, to, key, from, session, n, sealed }
}

/** Stops at the first one too many: there may be millions. */
function hasOnlyMembers (message: object): boolean {
  let count = 0
  for (const key in message) if (++count > members.length || !members.includes(key)) return false
  return count === members.length
}

type Header = Omit<SealedMessage, 'sealed'>

async function seal (key: CryptoKey, header: Header, value: unknown): Promise<SealedMessage> {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('A sealed message must hold a JSON value')
  const sealed = await crypto.subtle.encrypt(gcm(header), key, utf8(text))
  return { ...header, sealed: toBase64url(new Uint8Array(sealed)) }
}

async function open (key: CryptoKey, message: SealedMessage): Promise<unknown> {
  const sealed = fromBase64url(message.sealed)
  if (sealed === undefined) throw new CallError('CALL_ERR_CHANGED')
  let text: ArrayBuffer
  try {
    text = await crypto.subtle.decrypt(gcm(message), key, sealed)
  } catch (cause) {
    throw new CallError('CALL_ERR_CHANGED', { cause })
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text))
  } catch (cause) {
    throw new CallError('CALL_ERR_FORMAT', { cause })
  }
}

/** The message number is the nonce (4 zero bytes, then 8 bytes big-endian); the header is authenticated. */
function gcm ({ v, to, key, from, session, n }: Header): AesGcmParams {
  const iv = new Uint8Array(12)
  new DataView(iv.buffer).setBigUint64(4, BigInt(n))
  return { name: 'AES-GCM', iv, tagLength: 128, additionalData: utf8([label(v), to, key, from, session, n].join('\n')) }
}

function label (version: number): string {
  return `signalbox v${version}`
}

function hkdfParams (salt: Bytes, context: string[]): HkdfParams {
  return { name: 'HKDF', hash: 'SHA-256', salt, info: utf8([label(VERSION), ...context].join('\n')) }
}

async function deriveKey (hkdf: CryptoKey, salt: Bytes, context: string[]): Promise<CryptoKey> {
  return await crypto.subtle.deriveKey(hkdfParams(salt, context), hkdf, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

async function deriveBits (hkdf: CryptoKey, salt: Bytes, context: string[], length: number): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.deriveBits(hkdfParams(salt, context), hkdf, length * 8))
}

function salt ({ guestNonce, hostNonce }: SessionParts): Bytes {
  return concat(nonceBytes(guestNonce), nonceBytes(hostNonce))
}

function isNonce (text: string): boolean {
  return bytesOfNonce(text) !== undefined
}

function nonceBytes (nonce: string): Bytes {
  const bytes = bytesOfNonce(nonce)
  if (bytes === undefined) throw new CallError('CALL_ERR_FORMAT')
  return bytes
}

/** Whoever stores in the box chose the text, so its length is checked first. */
function bytesOfNonce (text: string): Bytes | undefined {
  return text.length === NONCE_CHARACTERS ? fromBase64url(text) : undefined
}
