// A Fastify app with a login, and boxes that only its users can create and read. See README.md.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { boxPlugin } from 'fastify-signalbox'

const { PASSWORD, PORT = '3000', SESSION_SECRET = randomBytes(32).toString('hex') } = process.env
if (!PASSWORD) {
  console.error('Set PASSWORD to the password that users log in with.')
  process.exit(1)
}

const SESSION_SECONDS = 8 * 60 * 60
const app = Fastify({ logger: true })
closeWithGrace(async () => { await app.close() })

await app.register(cookie)
await app.register(jwt, {
  secret: SESSION_SECRET,
  sign: { expiresIn: SESSION_SECONDS },
  cookie: { cookieName: 'session', signed: false }
})
await app.register(rateLimit, { global: false })

app.post('/login', {
  config: { rateLimit: { max: 5, timeWindow: '1 minute' } },
  schema: {
    body: {
      type: 'object',
      required: ['user', 'password'],
      properties: { user: { type: 'string', minLength: 1 }, password: { type: 'string' } }
    }
  }
}, async (request, reply) => {
  const { user, password } = /** @type {{ user: string, password: string }} */ (request.body)
  // Your own user database goes here.
  if (!isSame(password, PASSWORD)) throw unauthorized('Wrong user or password.')
  const session = await reply.jwtSign({ user })
  reply.setCookie('session', session, { path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: SESSION_SECONDS })
  return { user }
})

await app.register(boxPlugin, {
  prefix: '/signal',
  // The page is on this origin, so no other origin needs access.
  cors: false,
  guard: async (request, _reply, operation) => {
    // Anyone with a drop address may store a message. Everything else requires a login.
    if (operation === 'storeMessage') return
    try {
      await request.jwtVerify()
    } catch {
      throw unauthorized('Log in first.')
    }
  }
})

await app.listen({ port: Number(PORT) })

/** @param {string} message */
function unauthorized (message) {
  return Object.assign(new Error(message), { statusCode: 401 })
}

/**
 * Compares hashes, so the time it takes reveals nothing about the password.
 * @param {string} given
 * @param {string} expected
 */
function isSame (given, expected) {
  return timingSafeEqual(sha256(given), sha256(expected))
}

/** @param {string} text */
function sha256 (text) {
  return createHash('sha256').update(text).digest()
}
