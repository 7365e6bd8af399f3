import { fromBase64url, randomBytes, toBase64url, type Bytes } from '../bytes.js'

/** A room's secret: 256 bits, so that no box id is easier to guess than one that the server makes. */
const BYTES = 32
/** Of the 43 characters, random ones are 31 on average; fewer than 16 is as likely as guessing the secret. */
const MIN_DIFFERENT = 16
/** Random ones have about 17 capitals and as many small letters. */
const MIN_LETTERS = 3

/** Makes a secret that nobody can guess: 32 random bytes in base64url. */
export function createSecret (): string {
  for (;;) {
    const secret = toBase64url(randomBytes(BYTES))
    // About one in six million does not.
    if (looksRandom(secret)) return secret
  }
}

/**
 * The bytes of a secret in the form that `createSecret` returns. Nobody can tell whether a text was chosen at random,
 * but hardly any text that a person would choose has this form.
 * @throws TypeError if the secret has another form, or is visibly not random. The message does not contain the secret.
 */
export function secretBytes (secret: string): Bytes {
  const bytes = typeof secret === 'string' ? fromBase64url(secret) : undefined
  if (bytes?.length !== BYTES) throw new TypeError('The secret of a room must have the form that Room.createSecret() returns: 32 random bytes in base64url. A name, a password or a UUID could be guessed')
  if (!looksRandom(secret)) throw new TypeError('The secret of a room is not random, so it could be guessed. Make one with Room.createSecret()')
  return bytes
}

function looksRandom (secret: string): boolean {
  const count = (pattern: RegExp): number => secret.match(pattern)?.length ?? 0
  return new Set(secret).size >= MIN_DIFFERENT && count(/[A-Z]/g) >= MIN_LETTERS && count(/[a-z]/g) >= MIN_LETTERS
}
