// Serves the page, the modules it imports, and the boxes it signals through. See README.md.
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { boxPlugin } from 'fastify-signalbox'

const { PORT = '3000' } = process.env
const app = Fastify({ logger: true })
closeWithGrace(async () => { await app.close() })

await app.register(boxPlugin, { prefix: '/signal' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('page', import.meta.url)) })
for (const name of ['signalbox-client', 'openapi-fetch']) {
  await app.register(fastifyStatic, { root: folderOf(name), prefix: `/modules/${name}/`, decorateReply: false })
}
await app.listen({ port: Number(PORT) })

/**
 * The folder of a package's main module in node_modules.
 * @param {string} name
 */
function folderOf (name) {
  return fileURLToPath(new URL('.', import.meta.resolve(name)))
}
