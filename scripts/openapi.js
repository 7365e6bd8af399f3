// Writes the contract as the plugin serves it with its defaults: openapi/openapi.json.
import { writeFileSync } from 'node:fs'
import Fastify from 'fastify'
import boxPlugin from '../dist/index.js'

const app = Fastify()
await app.register(boxPlugin)
const { body } = await app.inject('/openapi.json')
await app.close()
writeFileSync(new URL('../openapi/openapi.json', import.meta.url), JSON.stringify(JSON.parse(body), null, 2) + '\n')
