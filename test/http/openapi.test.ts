import { readFileSync } from 'node:fs'
import t from 'tap'
import { errorTable } from '../../src/errors.js'
import { build } from '../helpers/build.js'

type Json = Record<string, any>

const OPERATIONS = ['acknowledge', 'classicBox', 'createBox', 'deleteBox', 'drainMessages', 'getIceServers', 'openBox', 'readMessages', 'storeMessage', 'streamBoxes']

/** As the plugin serves it with its defaults. */
async function served (t: Parameters<typeof build>[0], options: Parameters<typeof build>[1] = {}): Promise<Json> {
  const { app } = await build(t, { rateLimit: true, docs: '/docs', ...options })
  const answer = await app.inject(`${options.prefix ?? ''}/openapi.json`)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  return answer.json()
}

function operationsOf (contract: Json): Array<{ path: string, method: string, operation: Json }> {
  return Object.entries<Json>(contract['paths']).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })))
}

function * nodes (node: unknown): Generator<Json> {
  if (typeof node !== 'object' || node === null) return
  yield node
  for (const value of Object.values(node)) yield * nodes(value)
}

t.test('the committed contract equals the served one', async t => {
  const committed = (name: string) => JSON.parse(readFileSync(new URL(`../../openapi/${name}`, import.meta.url), 'utf8'))
  t.same(await served(t), committed('openapi.json'), 'if the schemas changed: npm run generate')
  const { app } = await build(t, { rateLimit: true, docs: '/docs' })
  t.same((await app.inject('/openapi-3.0.json')).json(), committed('openapi-3.0.json'), 'if the schemas changed: npm run generate')
})

t.test('a contract that a client already has is not sent again', async t => {
  const { app } = await build(t)
  for (const url of ['/openapi.json', '/openapi-3.0.json']) {
    const { headers: { etag = '' } } = await app.inject(url)
    t.match(etag, /^"[\w-]{43}"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const answer = await app.inject({ url, headers: { 'if-none-match': known } })
      t.match(answer, { statusCode: 304, body: '', headers: { etag, 'cache-control': 'no-cache' } }, known)
    }
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200)
  }
})

t.test('every operation has a description, an example and its errors', async t => {
  const contract = await served(t)
  const found = operationsOf(contract)
  t.same(found.map(({ operation }) => operation['operationId']).sort(), OPERATIONS)
  for (const { operation } of found) {
    const name = operation['operationId']
    t.match(operation, { summary: /\S/, description: /\.$/, tags: [/\S/] }, name)
    for (const [status, response] of Object.entries<Json>(operation['responses'])) {
      t.match(response['description'], /\.$/, `${name} ${status}`)
      if (Number(status) >= 400) {
        t.match(response['content'], { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }, `${name} ${status}`)
      } else if (status !== '204') {
        for (const [type, media] of Object.entries<Json>(response['content'])) t.ok(hasExample(media), `${name} ${status} ${type} has an example`)
      }
      if (status === '429' || status === '503') t.ok('Retry-After' in response['headers'], `${name} ${status}`)
    }
    for (const [type, media] of Object.entries<Json>(operation['requestBody']?.['content'] ?? {})) t.ok(hasExample(media), `${name} takes ${type} with an example`)
    for (const parameter of operation['parameters'] ?? []) t.match(parameter, { description: /\S/ }, `${name} ${parameter['name']}`)
    t.ok('400' in operation['responses'] && '429' in operation['responses'], name)
    t.ok('503' in operation['responses'], name)
  }
})

function hasExample (media: Json): boolean {
  return 'example' in media || 'examples' in media
}

t.test('components have names that generated clients can use, and every reference resolves', async t => {
  const contract = await served(t)
  const { schemas } = contract['components']
  for (const name of ['Created', 'Ack', 'CursorAck', 'Msgs', 'Message', 'Problem', 'Cursor', 'CreateBox', 'IceServers']) t.ok(name in schemas, name)
  for (const name of Object.keys(schemas)) t.notMatch(name, /^[Dd]ef-?\d/)
  for (const { $ref } of nodes(contract)) {
    if (typeof $ref === 'string') t.ok($ref.replace('#/components/schemas/', '') in schemas, $ref)
  }
  t.same(Object.keys(schemas['Created']['properties']).sort(), ['data', 'drop', 'expires', 'type'])
  t.match(schemas['Problem']['properties']['code']['description'], new RegExp(errorTable.map(({ code }) => code).join('.*')))
})

t.test('in the single-media form, every body and response has exactly one media type', async t => {
  const { app } = await build(t, { prefix: '/p' })
  const contract = (await app.inject('/p/openapi-3.0.json')).json()
  t.equal(contract.openapi, '3.0.3')
  for (const { path, operation } of operationsOf(contract)) {
    for (const part of [operation['requestBody'], ...Object.values<Json>(operation['responses'])]) {
      if (part?.content !== undefined) t.same(Object.keys(part.content), ['application/json'], path)
    }
    t.same(Object.keys(operation['responses']).filter(status => !status.startsWith('2')), ['default'])
  }
  for (const node of nodes(contract)) {
    t.notOk('anyOf' in node || 'oneOf' in node)
    if (typeof node['$ref'] === 'string') t.ok(node['$ref'].replace('#/components/schemas/', '') in contract.components.schemas, node['$ref'])
  }
  t.match(contract.components.schemas.ClassicAnswer, {
    required: ['type', 'data'], properties: { type: { enum: ['created', 'ack', 'msgs'] }, drop: { type: 'string' }, expires: { format: 'date-time' } }
  })
})

t.test('a message has one media type, so generated clients need not choose', async t => {
  const { content } = (await served(t))['paths']['/boxes/{box}/messages'].post.requestBody
  t.same(Object.keys(content), ['application/json; charset=utf-8'])
})

t.test('the classic response is discriminated by its type', async t => {
  const { ClassicAnswer, ClassicCreated } = (await served(t))['components'].schemas
  t.same(ClassicAnswer.discriminator, {
    propertyName: 'type',
    mapping: { created: '#/components/schemas/ClassicCreated', ack: '#/components/schemas/ClassicAck', msgs: '#/components/schemas/ClassicMsgs' }
  })
  t.same(ClassicCreated.required, ['type', 'data', 'drop', 'expires'])
})

t.test('the contract declares what a deletion does with a body', async t => {
  const contract = await served(t)
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const [path, url] of [['/boxes/{box}/messages', box.messages], ['/boxes/{box}', box.url]] as const) {
    const { statusCode } = await app.inject({ method: 'DELETE', url, headers: { 'content-type': 'text/xml' }, payload: '<a/>' })
    t.equal(statusCode, 415)
    t.ok('415' in contract['paths'][path].delete.responses)
  }
})

t.test('createBox links to the operations on the box', async t => {
  const contract = await served(t)
  const { links } = contract['paths']['/boxes']['post']['responses']['201']
  t.same(Object.keys(links).sort(), ['acknowledge', 'deleteBox', 'drainMessages', 'getIceServers', 'readMessages', 'storeMessage'])
  for (const [name, link] of Object.entries<Json>(links)) t.match(link, { operationId: name, parameters: { box: '$response.body#/data' } })
  t.equal(contract['paths']['/boxes']['post']['requestBody']['required'], false)
})

t.test('the contract shows this server\'s paths and limits', async t => {
  const contract = await served(t, { prefix: '/p', classicPath: '/legacy', rateLimit: false, ttl: 60, maxTtl: 120 })
  t.same(Object.keys(contract['paths']).sort(), ['/p/boxes', '/p/boxes/{box}', '/p/boxes/{box}/cursor', '/p/boxes/{box}/ice-servers', '/p/boxes/{box}/messages', '/p/legacy', '/p/streams'])
  t.match(contract['components']['schemas']['CreateBox']['properties']['ttl'], { minimum: 1, maximum: 120 })
  for (const { operation } of operationsOf(contract)) t.notOk('429' in operation['responses'])
  const { app } = await build(t, { classicPath: false })
  t.notOk('/box.php' in (await app.inject('/openapi.json')).json().paths)
})

t.test('Swagger UI has a strict content security policy, and follows the option docs', async t => {
  const { app } = await build(t, { prefix: '/p', docs: '/api-docs' })
  const page = await app.inject('/p/api-docs/')
  t.equal(page.statusCode, 200)
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /default-src 'none'/)
  t.match(policy, /script-src 'self'(;|$)/)
  t.notMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*/)
  t.match(page.headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
  t.match((await app.inject('/p/api-docs/json')).json(), { openapi: '3.1.0', components: { schemas: { Created: {} } } })
  t.match((await app.inject('/p/api-docs/yaml')).body, /^openapi: 3\.1\.0/)
  const off = await build(t, { docs: false })
  t.equal((await off.app.inject('/docs/')).statusCode, 404)
  t.equal((await off.app.inject('/openapi.json')).statusCode, 200)
})
