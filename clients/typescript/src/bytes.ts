/**
 * Bytes as WebCrypto accepts them, never a view of shared memory: `Uint8Array<ArrayBuffer>`, spelled so that
 * TypeScript before 5.7 understands it.
 */
export type Bytes = ReturnType<Uint8Array['slice']>

export function utf8 (text: string): Bytes {
  return new TextEncoder().encode(text)
}

export function concat (...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function randomBytes (length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length))
}

/** base64url without padding (RFC 4648, section 5). */
export function toBase64url (bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * The bytes, or undefined if the text is not their canonical base64url encoding. A decoder that ignored the
 * unused bits of the last character would accept two texts for the same bytes, and a sealed message could be
 * altered unnoticed.
 */
export function fromBase64url (text: string): Bytes | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined
  const bytes = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
  return bytes !== undefined && toBase64url(bytes) === text ? bytes : undefined
}

/** Lenient: accepts any spelling that `atob` accepts. */
export function fromBase64 (text: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(text), character => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
