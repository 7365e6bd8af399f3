import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { InvalidError } from '../errors.js'
import type { NewMessage } from '../store/store.js'

/**
 * A message from the bytes of a JSON text (RFC 8259), checked once and kept to the letter.
 * @throws InvalidError where the bytes are not UTF-8 or not JSON
 */
export function messageFromJson (body: Buffer): NewMessage {
  const text = decode(body)
  parseJson(text)
  return { text, bytes: body.length }
}

/**
 * A message from the bytes of a plain text: it becomes a JSON string.
 * @throws InvalidError where the bytes are not UTF-8
 */
export function messageFromText (body: Buffer): NewMessage {
  return messageFromString(decode(body))
}

export function messageFromString (value: string): NewMessage {
  const text = JSON.stringify(value)
  return { text, bytes: Buffer.byteLength(text) }
}

/** The same message with the key it may be repeated under. */
export function withKey (message: NewMessage, id: string): NewMessage {
  return { ...message, key: { id, digest: hash('sha256', message.text, 'base64url').slice(0, 22) } }
}

/** @throws InvalidError where the text is not JSON */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('the body is not valid JSON', { cause })
  }
}

/** Decoding would put U+FFFD for what is not UTF-8, so that is refused before. */
export function decode (bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new InvalidError('the body is not valid UTF-8')
  return bytes.toString('utf8')
}
