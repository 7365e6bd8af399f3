import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import boxPlugin, { type BoxPluginOptions } from '../../src/index.js'
import { temporaryDirectory } from '../helpers/server-process.js'

type Json = Record<string, any>

/** The document of a host that registers the plugin with each of these options. */
async function documentOf (t: Test, registrations: Array<BoxPluginOptions & { prefix: string }>, openapi: Json = { openapi: '3.1.0' }): Promise<Json> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(swagger, 'swagger' in openapi ? { swagger: { info } } : { openapi: { info, servers: [{ url: 'https://host.example' }], ...openapi } })
  for (const options of registrations) app.register(boxPlugin, { docs: false, ...options })
  app.get('/own', {
    schema: { operationId: 'own', response: { 200: { description: 'Own.', type: 'object', properties: { own: { type: 'string' } } } } } as object
  }, async () => ({ own: true }))
  await app.ready()
  const document = app.swagger() as Json
  t.same(app.swagger(), document)
  // The plugin's own contract is untouched by what the host's document has to rename.
  for (const { prefix } of registrations) {
    const own = (await app.inject(`${prefix.replace(/:\w+/g, 'x')}/openapi.json`)).json()
    t.equal(own.paths[`${prefix.replace(/:(\w+)/g, '{$1}')}/boxes`].post.operationId, 'createBox')
  }
  return document
}

const info = { title: 'host', version: '1' }

function operationIds ({ paths }: Json): string[] {
  return Object.values<Json>(paths).flatMap(path => Object.values<Json>(path).map(({ operationId }) => operationId)).sort()
}

/** By Redocly's rules of the specification: structure, references, names that are there once. */
async function isValid (t: Test, documents: Record<string, Json>): Promise<void> {
  // Not `t.testdir()`, which has one name per file: the tests on Redis run this file, too, maybe at the same time.
  const folder = await temporaryDirectory(t)
  const files = Object.entries(documents).map(([name, document]) => {
    const file = join(folder, `${name}.json`)
    writeFileSync(file, JSON.stringify(document))
    return file
  })
  const redocly = fileURLToPath(new URL('../../node_modules/.bin/redocly', import.meta.url))
  const { status, stdout, stderr } = spawnSync(redocly, ['lint', ...files, '--extends', 'spec', '--config', configIn(folder)], {
    encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  })
  t.equal(status, 0, `${stdout}${stderr}`)
}

function configIn (folder: string): string {
  const file = join(folder, 'redocly.yaml')
  writeFileSync(file, 'rules: {}\n')
  return file
}

t.test('the host\'s document is valid with any number of registrations', async t => {
  const three = [{ prefix: '/a', ttl: 60, maxTtl: 120 }, { prefix: '/b' }, { prefix: '/t/:tenant', rateLimit: false as const }]
  const documents = {
    one: await documentOf(t, [{ prefix: '/a' }]),
    three: await documentOf(t, three),
    three30: await documentOf(t, three, { openapi: '3.0.3' }),
    named: await documentOf(t, [{ prefix: '/a', hostDocs: 'lobby' }, { prefix: '/b', hostDocs: 'lobby' }, { prefix: '/c', hostDocs: false }])
  }
  await isValid(t, documents)
  const { one, three: several, named } = documents
  t.same(operationIds(one), ['acknowledge', 'classicBox', 'createBox', 'deleteBox', 'drainMessages', 'getIceServers', 'openBox', 'own', 'readMessages', 'storeMessage', 'streamBoxes'])
  t.same(operationIds(several).filter(name => /createbox$/i.test(name)), ['bCreateBox', 'createBox', 'tTenantCreateBox'])
  t.equal(new Set(operationIds(named)).size, operationIds(named).length)
})

t.test('registrations share identical components, and each has a name', async t => {
  const { paths, components: { schemas } } = await documentOf(t, [{ prefix: '/a', maxTtl: 90_000 }, { prefix: '/b' }])
  const bodyOf = (prefix: string) => paths[`${prefix}/boxes`].post.requestBody
  t.equal(bodyOf('/a').content['application/json; charset=utf-8'].schema.$ref, '#/components/schemas/CreateBox')
  t.equal(bodyOf('/b').content['application/json; charset=utf-8'].schema.$ref, '#/components/schemas/BCreateBox', 'its bounds are others')
  t.equal(schemas.BCreateBox.properties.ttl.maximum, 604_800)
  for (const prefix of ['/a', '/b']) {
    t.equal(bodyOf(prefix).required, false)
    t.equal(paths[`${prefix}/boxes`].post.responses['201'].content['application/json'].schema.$ref, '#/components/schemas/Created')
  }
  t.equal(paths['/b/boxes'].post.responses['201'].links.storeMessage.operationId, 'bStoreMessage')
  t.same(Object.keys(schemas).sort(), ['Ack', 'BCreateBox', 'ClassicAck', 'ClassicAnswer', 'ClassicCreated', 'ClassicMsgs', 'CreateBox', 'Created', 'Cursor', 'CursorAck', 'IceServer', 'IceServers', 'Message', 'Msgs', 'Problem', 'StreamBoxes'])
})

t.test('the host\'s own components and operations keep their names', async t => {
  const Ack = { type: 'object', properties: { own: { type: 'boolean' } } }
  const document = await documentOf(t, [{ prefix: '/a' }], { openapi: '3.1.0', components: { schemas: { Ack } } })
  t.same(document['components'].schemas.Ack, Ack)
  t.match(document['paths']['/a/boxes/{box}/messages'].post.responses['200'].content['application/json'].schema, { $ref: '#/components/schemas/Ack2' })
})

t.test('hostDocs names the operations, or hides them', async t => {
  const document = await documentOf(t, [{ prefix: '/a', hostDocs: 'lobby' }, { prefix: '/b', hostDocs: false }])
  t.same(operationIds(document), ['lobbyAcknowledge', 'lobbyClassicBox', 'lobbyCreateBox', 'lobbyDeleteBox', 'lobbyDrainMessages', 'lobbyGetIceServers', 'lobbyOpenBox', 'lobbyReadMessages', 'lobbyStoreMessage', 'lobbyStreamBoxes', 'own'])
  t.notOk(Object.keys(document['paths']).some(path => path.startsWith('/b/')))
})

t.test('the host\'s transform still applies', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info },
    transform: ({ schema, url }) => ({ schema: { ...schema as object, deprecated: true, hide: (schema as Json)?.['hide'] ?? url.endsWith('.php') }, url })
  })
  app.register(boxPlugin, { prefix: '/a' })
  await app.ready()
  const { paths } = app.swagger() as Json
  t.notOk('/a/box.php' in paths)
  t.match(paths['/a/boxes'].post, { operationId: 'createBox', deprecated: true, requestBody: { required: false } })
})

t.test('operation names are unique in Swagger 2.0 too', async t => {
  const document = await documentOf(t, [{ prefix: '/a' }, { prefix: '/b' }], { swagger: '2.0' })
  t.equal(new Set(operationIds(document)).size, operationIds(document).length)
  t.notMatch(JSON.stringify(document), 'x-registration')
})
