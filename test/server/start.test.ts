import { createRequire } from 'node:module'
import t from 'tap'
import { serve } from './serve.js'

t.test('starting loads neither Ajv nor a serializer compiler', async t => {
  const { app } = await serve(t)
  await app.ready()
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  t.ok(loaded.some(file => file.includes('/fastify/')))
  t.same(loaded.filter(file => /\/(?:ajv|fast-json-stringify-compiler)\//.test(file)), [])
})
