import t from 'tap'
import { createCipheriv, createHash, hkdfSync } from 'node:crypto'
import vectors from './sealing-vectors.json' with { type: 'json' }
import { computeVectors } from './check-vectors.js'

t.test('the implementation reproduces the test vectors', async t => {
  const { invite, messages, refused, code } = vectors
  t.strictSame(await computeVectors(vectors), { invite, messages, refused, code })
})

/** docs/sealing.md followed step by step with another library, sharing no line with the product. */
t.test('the vectors follow from the text of docs/sealing.md', async t => {
  const bytes = (text: string) => Buffer.from(text, 'base64url')
  const hkdf = (salt: Buffer, context: string[], length: number) =>
    Buffer.from(hkdfSync('sha256', bytes(vectors.secret), salt, ['signalbox v1', ...context].join('\n'), length))
  const { hostDrop, guestDrop } = vectors
  const salt = Buffer.concat([bytes(vectors.guestNonce), bytes(vectors.hostNonce)])
  const keys = {
    hello: hkdf(bytes(vectors.guestNonce), ['hello', hostDrop], 32),
    host: hkdf(salt, ['host', hostDrop, guestDrop], 32),
    guest: hkdf(salt, ['guest', hostDrop, guestDrop], 32)
  }
  t.equal(hkdf(Buffer.alloc(0), ['key id'], 6).toString('base64url'), vectors.invite.id)
  for (const [name, key] of Object.entries(keys)) {
    t.equal(key.toString('base64url'), vectors.keys[name as keyof typeof keys])
  }
  for (const { value, message: { to, key, from, session, n, sealed } } of vectors.messages) {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(BigInt(n), 4)
    const cipher = createCipheriv('aes-256-gcm', n === 0 ? keys.hello : keys[from as 'host' | 'guest'], nonce)
    cipher.setAAD(Buffer.from(['signalbox v1', to, key, from, session, n].join('\n')))
    const text = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()])
    t.equal(text.toString('base64url'), sealed)
  }
  const { opening, commitment, random, hostFingerprint, guestFingerprint, digits } = vectors.code
  t.equal(createHash('sha256').update(['signalbox v1', 'commitment', opening, guestFingerprint].join('\n')).digest('base64url'), commitment)
  const number = hkdf(salt, ['code', opening, random, hostFingerprint, guestFingerprint, hostDrop, guestDrop], 8).readBigUInt64BE()
  t.equal(String(number % 1_000_000n).padStart(6, '0'), digits)
})
