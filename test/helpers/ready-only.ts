/** A host that never listens: it makes its app ready, creates a box, and has nothing more to do. */
import Fastify from 'fastify'
import { boxPlugin } from '../../src/index.js'

const app = Fastify()
await app.register(boxPlugin, { docs: false })
await app.ready()
const { statusCode } = await app.inject({ method: 'POST', url: '/boxes' })
process.send?.(statusCode)
