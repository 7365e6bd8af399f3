// Writes the contract as the plugin serves it with its defaults: openapi/openapi.json, and its form for generators.
import { writeFileSync } from 'node:fs'
import Fastify from 'fastify'
import boxPlugin from '../dist/index.js'

const app = Fastify()
await app.register(boxPlugin)
for (const name of ['openapi.json', 'openapi-3.0.json']) {
  const { body } = await app.inject(`/${name}`)
  writeFileSync(new URL(`../openapi/${name}`, import.meta.url), JSON.stringify(JSON.parse(body), null, 2) + '\n')
}
await app.close()
