/** Run in a process of its own: a server with the plugin on a Redis, and once more below `/limited` with a rate limit. */
import Fastify from 'fastify'
import { boxPlugin } from '../../src/plugin.js'
import { redisStore } from '../../src/store/redis/redis-store.js'

const [url, creates] = process.argv.slice(2)
const app = Fastify()
const store = await redisStore({ url, deadline: 2_000 })
await app.register(boxPlugin, { store, docs: false, rateLimit: false })
await app.register(boxPlugin, { store, docs: false, rateLimit: { creates: Number(creates) }, prefix: '/limited' })
app.get('/ready', async () => await store.check())
await app.listen({ port: 0, host: '127.0.0.1' })
process.once('disconnect', () => { void app.close() })
process.send?.(app.server.address())
