import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { InvalidError } from '../errors.js'
import type { NewMessage } from '../store/store.js'

/**
 * Makes a message from the bytes of a JSON text (RFC 8259), which is validated once and kept unchanged.
 * @throws InvalidError if the bytes are not UTF-8 or not JSON
 */
export function messageFromJson (body: Buffer): NewMessage {
  const text = decode(body)
  parseJson(text)
  return { text, bytes: body.length }
}

/**
 * Makes a message from the bytes of a plain text, which becomes a JSON string.
 * @throws InvalidError if the bytes are not UTF-8
 */
export function messageFromText (body: Buffer): NewMessage {
  return messageFromString(decode(body))
}

export function messageFromString (value: string): NewMessage {
  const text = JSON.stringify(value)
  return { text, bytes: Buffer.byteLength(text) }
}

/**
 * Makes a message from a value of this program.
 * @throws InvalidError if it is not a JSON value
 */
export function messageFromValue (value: unknown): NewMessage {
  const text = toJson(value)
  if (text === undefined) throw new InvalidError(NO_JSON)
  return { text, bytes: Buffer.byteLength(text) }
}

const NO_JSON = 'the message must be a JSON value'

function toJson (value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new InvalidError(NO_JSON, { cause })
  }
}

/** Adds the idempotency key of the message. */
export function withKey (message: NewMessage, id: string): NewMessage {
  return { ...message, key: { id, digest: hash('sha256', message.text, 'base64url').slice(0, 22) } }
}

/** @throws InvalidError if the text is not JSON */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('the body is not valid JSON', { cause })
  }
}

/** Decoding would replace invalid UTF-8 with U+FFFD, so it is refused first. */
export function decode (bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new InvalidError('the body is not valid UTF-8')
  return bytes.toString('utf8')
}
