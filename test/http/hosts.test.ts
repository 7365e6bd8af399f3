import { once } from 'node:events'
import http2 from 'node:http2'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import boxPlugin, { type BoxPluginOptions } from '../../src/index.js'
import { build, createBox, isProblem, json, jsonText } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'
import { until } from '../helpers/until.js'

function host (t: Test, options = {}): FastifyInstance {
  const app = Fastify(options)
  t.teardown(() => app.close())
  return app
}

/** The contract in short: what must hold in every host. */
async function contractHolds (t: Test, app: FastifyInstance, prefix: string): Promise<void> {
  const box = await createBox(app, prefix)
  t.match((await box.store({ a: 1 })).json(), { type: 'ack', data: 1, seq: 1 })
  t.same((await app.inject({ method: 'POST', url: box.messages, ...jsonText('{ "__proto__" : 1e999 }') })).json(), { type: 'ack', data: 2, seq: 2 })
  t.equal((await box.read()).body, '{"type":"msgs","data":[{"a":1},{ "__proto__" : 1e999 }],"next":2}')
  t.same((await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 1 }) })).json(), { type: 'ack', data: 1 })
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: '1' }) }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 1, more: 1 }) }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await box.read('?after=01'), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': 'application/xml' }, payload: '<a/>' }), 415, 'BOX_ERR_MEDIA_TYPE')
  isProblem(t, await app.inject({ url: `${prefix}/boxes/none/messages` }), 404, 'BOX_ERR_NOT_FOUND')
  isProblem(t, await app.inject({ url: `${prefix}/boxes/none/other` }), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject({ method: 'PATCH', url: box.messages }), 405, 'BOX_ERR_METHOD')
  t.match((await app.inject({ url: `${prefix}/box.php?box=${box.id}` })).body, '{"type":"msgs","data":[{ "__proto__" : 1e999 }]}')
  const { headers } = await box.read()
  t.match(headers, { 'cache-control': 'no-store', 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' })
  t.equal((await app.inject({ method: 'DELETE', url: box.url })).statusCode, 204)
  t.match((await app.inject({ url: `${prefix}/openapi.json` })).json(), { openapi: '3.1.0' })
}

t.test('a small host with the plugin under two prefixes', async t => {
  const app = host(t)
  app.register(boxPlugin, { prefix: '/a', maxMessages: 3 })
  app.register(boxPlugin, { prefix: '/b' })
  app.get('/', async () => ({ own: true }))
  await app.ready()
  await contractHolds(t, app, '/a')
  await contractHolds(t, app, '/b')
  const box = await createBox(app, '/a')
  isProblem(t, await app.inject({ url: `/b/boxes/${box.id}/messages` }), 404, 'BOX_ERR_NOT_FOUND')
  for (const value of [1, 2, 3]) await box.store(value)
  isProblem(t, await box.store(4), 409, 'BOX_ERR_FULL')
  t.same((await app.inject('/')).json(), { own: true })
  t.equal((await app.inject('/a/docs/')).statusCode, 200)
  t.equal((await app.inject('/b/docs/')).statusCode, 200)
})

t.test('at the root, beside the host\'s own routes', async t => {
  const app = host(t)
  app.get('/boxes-of-mine', async () => ({ own: true }))
  app.register(boxPlugin)
  await app.ready()
  await contractHolds(t, app, '')
  t.same((await app.inject('/boxes-of-mine')).json(), { own: true })
  t.match((await app.inject('/nothing')).json(), { message: 'Route GET:/nothing not found' }, 'Fastify\'s own')
})

t.test('the host keeps its own error handler, not-found handler and parsers', async t => {
  const app = host(t)
  app.setErrorHandler((error, _request, reply) => { reply.code(418).send({ own: (error as Error).message }) })
  app.setNotFoundHandler((_request, reply) => { reply.code(404).send({ own: 'nothing here' }) })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => `parsed ${body}`)
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => data => `own ${JSON.stringify(data)}`)
  app.setSchemaErrorFormatter(() => new Error('own'))
  app.setReplySerializer(data => `own ${JSON.stringify(data)}`)
  app.decorateRequest('drop', 'own')
  app.decorate('service', 'own')
  app.register(boxPlugin, { prefix: '/p' })
  app.post('/own', async request => ({ body: request.body, drop: (request as unknown as { drop: string }).drop }))
  app.get('/broken', async () => { throw new Error('broken') })
  await app.ready()
  await contractHolds(t, app, '/p')
  t.equal((await app.inject({ method: 'POST', url: '/own', headers: { 'content-type': 'application/json' }, payload: '{' })).body, 'own {"body":"parsed {","drop":"own"}')
  t.match(await app.inject('/broken'), { statusCode: 418, body: 'own {"own":"broken"}' })
  t.match(await app.inject('/nothing'), { statusCode: 404, body: '{"own":"nothing here"}' })
  t.match(await app.inject('/p/nothing'), { statusCode: 404, body: '{"own":"nothing here"}' })
})

t.test('schemas of the same names do not collide', async t => {
  const app = host(t)
  for (const $id of ['Created', 'Ack', 'Msgs', 'Message', 'Problem', 'Cursor']) app.addSchema({ $id, type: 'object', properties: { own: { type: 'string' } } })
  await app.register(swagger, { openapi: { info: { title: 'host', version: '1' } } })
  app.register(boxPlugin, { prefix: '/p' })
  app.get('/own', { schema: { response: { 200: { $ref: 'Ack#' } } } }, async () => ({ own: 'yes', other: 'no' }))
  await app.ready()
  await contractHolds(t, app, '/p')
  t.same((await app.inject('/own')).json(), { own: 'yes' })
  t.match(app.swagger(), { paths: { '/own': {} } })
})

t.test('in a host with swagger and its UI, the routes show up in the host\'s document', async t => {
  const app = host(t)
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'host', version: '1' } } })
  await app.register(swaggerUi, { routePrefix: '/documentation' })
  app.register(boxPlugin, { prefix: '/p' })
  app.get('/own', { schema: { summary: 'own' } }, async () => ({ own: true }))
  await app.ready()
  await contractHolds(t, app, '/p')
  const document = (await app.inject('/documentation/json')).json()
  t.equal(document.info.title, 'host')
  t.same(Object.keys(document.paths).sort(), [
    '/own', '/p/box.php', '/p/boxes', '/p/boxes/{box}', '/p/boxes/{box}/cursor', '/p/boxes/{box}/ice-servers', '/p/boxes/{box}/messages', '/p/streams'
  ].sort())
  t.equal(document.paths['/p/boxes'].post.operationId, 'createBox')
  const own = (await app.inject('/p/openapi.json')).json()
  t.notOk('/own' in own.paths)
  t.equal((await app.inject('/p/docs/')).statusCode, 404, 'the host has docs already')
})

t.test('a host that uses Swagger 2.0, or registers swagger after the plugin', async t => {
  for (const options of [{ swagger: { info: { title: 'host', version: '1' } } }, { openapi: { info: { title: 'host', version: '1' } } }]) {
    const app = host(t)
    app.register(swagger, options)
    app.register(boxPlugin, { prefix: '/p' })
    await app.ready()
    await contractHolds(t, app, '/p')
    t.ok('/p/boxes' in (app.swagger().paths ?? {}))
  }
  const app = host(t)
  app.register(boxPlugin, { prefix: '/p' })
  await app.register(swagger)
  await app.register(swaggerUi)
  await app.ready()
  await contractHolds(t, app, '/p')
  t.equal((await app.inject('/p/docs/')).statusCode, 200)
  t.equal((await app.inject('/documentation/json')).statusCode, 200)
})

t.test('in a host with CORS, before or after', async t => {
  const own = { origin: 'https://host.example', credentials: true }
  const origin = 'https://app.example'
  const before = host(t)
  await before.register(cors, own)
  before.register(boxPlugin, { prefix: '/p' })
  before.get('/own', async () => ({}))
  await before.ready()
  const box = await createBox(before, '/p')
  for (const url of ['/own', box.messages]) {
    const { headers } = await before.inject({ url, headers: { origin } })
    t.equal(headers['access-control-allow-origin'], own.origin, 'the host\'s policy counts')
  }
  const preflight = { method: 'OPTIONS' as const, headers: { origin, 'access-control-request-method': 'PUT' } }
  for (const url of ['/own', box.messages, `${box.url}/cursor`]) {
    const answer = await before.inject({ url, ...preflight })
    t.equal(answer.statusCode, 204)
    t.equal(answer.headers['access-control-allow-origin'], own.origin)
  }

  const after = host(t)
  after.register(boxPlugin, { prefix: '/p' })
  await after.register(cors, own)
  after.get('/own', async () => ({}))
  await after.ready()
  for (const url of ['/own', (await createBox(after, '/p')).messages]) {
    t.equal((await after.inject({ url, headers: { origin } })).headers['access-control-allow-origin'], own.origin)
    t.equal((await after.inject({ url, ...preflight })).statusCode, 204)
  }
})

t.test('in a host whose CORS responds to preflights in a later hook', async t => {
  for (const hook of ['preParsing', 'preValidation', 'preHandler'] as const) {
    const app = host(t)
    await app.register(cors, { hook, origin: 'https://host.example', methods: ['PUT'] })
    app.register(boxPlugin, { prefix: '/p' })
    await app.ready()
    const box = await createBox(app, '/p')
    for (const url of ['/p/boxes', box.messages, `${box.url}/cursor`, '/p/box.php']) {
      const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url, headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT' } })
      t.equal(statusCode, 204, `${hook} ${url}`)
      t.equal(headers['access-control-allow-origin'], 'https://host.example')
    }
    isProblem(t, await app.inject({ method: 'PATCH', url: box.messages }), 405, 'BOX_ERR_METHOD')
  }
})

t.test('in a host with a global rate limit and helmet', async t => {
  const app = host(t)
  await app.register(rateLimit, { max: 40, timeWindow: 60_000 })
  await app.register(helmet)
  app.register(boxPlugin, { prefix: '/p', rateLimit: { creates: 2 } })
  app.get('/own', async () => ({ own: true }))
  await app.ready()
  await contractHolds(t, app, '/p')
  const own = await app.inject('/own')
  t.match(own.headers, { 'x-ratelimit-limit': '40', 'x-frame-options': 'SAMEORIGIN' })
  t.match((await app.inject('/p/boxes/none/messages')).headers, { 'ratelimit-limit': '600', 'x-frame-options': 'SAMEORIGIN' })

  await app.inject({ method: 'POST', url: '/p/boxes' })
  isProblem(t, await app.inject({ method: 'POST', url: '/p/boxes' }), 429, 'BOX_ERR_RATE')
  t.equal((await app.inject('/own')).statusCode, 200, 'the host\'s limit is its own')
  let last
  for (let i = 0; i < 60; i++) last = await app.inject(`/p/boxes/box_${'A'.repeat(32)}/messages`)
  t.equal(last!.statusCode, 429, 'the host\'s limit counts for these routes too')
  t.equal(last!.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.ok('retry-after' in last!.headers)
  t.match(last!.json(), { status: 429, title: 'Too Many Requests' })
})

t.test('a host\'s own hooks run for these routes, and their errors keep their status', async t => {
  const app = host(t)
  const seen: string[] = []
  app.addHook('onRequest', async request => {
    seen.push(request.method)
    if (request.headers.authorization === 'none') throw Object.assign(new Error('Log in first.'), { statusCode: 401, code: 'NO_LOGIN' })
    if (request.headers.authorization === 'busy') throw Object.assign(new Error('canary'), { statusCode: 503 })
    if (request.headers.authorization === 'broken') throw new Error('canary')
  })
  app.register(boxPlugin, { prefix: '/p' })
  await app.ready()
  await contractHolds(t, app, '/p')
  t.ok(seen.length > 10)
  const refused = await app.inject({ method: 'POST', url: '/p/boxes', headers: { authorization: 'none' } })
  t.equal(refused.statusCode, 401)
  t.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.same(refused.json(), { type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'Log in first.', code: 'NO_LOGIN' })
  const busy = await app.inject({ method: 'POST', url: '/p/boxes', headers: { authorization: 'busy' } })
  t.equal(busy.statusCode, 503)
  t.match(busy.headers['retry-after'], /^[1-9]/)
  t.notMatch(busy.body, 'canary')
  const broken = await app.inject({ method: 'POST', url: '/p/boxes', headers: { authorization: 'broken' } })
  isProblem(t, broken, 500, 'BOX_ERR_INTERNAL')
  t.notMatch(broken.body, 'canary')
})

t.test('in hosts with other router or parser settings', async t => {
  for (const options of [
    { routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } },
    { routerOptions: { caseSensitive: false } },
    { routerOptions: { querystringParser: (text: string) => Object.fromEntries(new URLSearchParams(text)) } },
    { bodyLimit: 200_000, exposeHeadRoutes: false },
    { onProtoPoisoning: 'remove', onConstructorPoisoning: 'remove' },
    { ajv: { customOptions: { coerceTypes: 'array', removeAdditional: 'all', allErrors: true } } },
    { requestTimeout: 1000, connectionTimeout: 1000, handlerTimeout: 1000 }
  ]) {
    await t.test(JSON.stringify(options), async t => {
      const app = host(t, options)
      app.register(boxPlugin, { prefix: '/p' })
      await app.ready()
      await contractHolds(t, app, '/p')
    })
  }
})

t.test('the handlerTimeout of a host does not count the wait of a long-poll', async t => {
  const { read } = await (await build(t, { server: { handlerTimeout: 900 }, maxWait: 1 })).createBox()
  t.same((await read('?wait=1')).json(), { type: 'msgs', data: [], next: 0 })
})

t.test('a wait ends once the host has responded in its place', async t => {
  const watch = watchedStore()
  let respond: () => void = () => {}
  const { app, createBox } = await build(t, {
    store: watch.store,
    before: host => host.addHook('preHandler', async ({ query }, reply) => {
      if (Object(query).wait !== undefined) respond = () => { reply.code(503).send('late') }
    })
  })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const ask of [async (path: string) => (await app.inject(path)).statusCode, async (path: string) => (await fetch(origin + path)).status]) {
    const held = ask(`${box.messages}?wait=60`)
    await watch.until(1)
    respond()
    t.equal(await held, 503)
    await until(() => watch.open === 0)
  }
})

t.test('inside another plugin\'s scope, and with a prefix that has a parameter', async t => {
  const app = host(t)
  app.register(async scope => { scope.register(boxPlugin, { prefix: '/inner' }) }, { prefix: '/outer' })
  app.register(boxPlugin, { prefix: '/t/:tenant', classicPath: false })
  await app.ready()
  await contractHolds(t, app, '/outer/inner')
  const box = await createBox(app, '/t/one')
  t.equal((await box.store(1)).statusCode, 200)
  isProblem(t, await app.inject({ method: 'PATCH', url: box.messages }), 405, 'BOX_ERR_METHOD')
  isProblem(t, await app.inject({ url: '/t/one/boxes/none/other' }), 404, 'BOX_ERR_NO_ROUTE')
})

t.test('over HTTP/2', async t => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(boxPlugin, { prefix: '/p' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const client = http2.connect(origin)
  t.teardown(() => { client.destroy() })
  const ask = (headers: http2.OutgoingHttpHeaders, body?: string) => client.request(headers).end(body)
  const text = async (stream: http2.ClientHttp2Stream) => Buffer.concat(await stream.toArray()).toString()

  const { data: id } = JSON.parse(await text(ask({ ':method': 'POST', ':path': '/p/boxes' })))
  const path = `/p/boxes/${id}/messages`
  const store = async (value: unknown) => JSON.parse(await text(ask({ ':method': 'POST', ':path': path, 'content-type': 'application/json' }, JSON.stringify(value))))
  const stream = ask({ ':path': path, accept: 'text/event-stream' })
  const chunks = stream.setEncoding('utf8')[Symbol.asyncIterator]()
  t.match((await chunks.next()).value, /^retry/)
  const held = text(ask({ ':path': `${path}?wait=60` }))
  t.same(await store('a'), { type: 'ack', data: 1, seq: 1 })
  t.same(JSON.parse(await held), { type: 'msgs', data: ['a'], next: 1 })
  t.equal((await chunks.next()).value, 'id: 1\ndata: "a"\n\n')
  await text(ask({ ':method': 'DELETE', ':path': `/p/boxes/${id}` }))
  t.match((await chunks.next()).value, /^event: gone/)

  const other = JSON.parse(await text(ask({ ':method': 'POST', ':path': '/p/boxes' })))
  const open = ask({ ':path': `/p/boxes/${other.data}/messages`, accept: 'text/event-stream' }).setEncoding('utf8')
  await once(open, 'data')
  const closing = app.close()
  await once(open, 'close')
  client.close()
  await closing
})

t.test('a path that the host already uses is named, and the host can continue', async t => {
  const taken: Array<[(app: FastifyInstance) => void, BoxPluginOptions & { prefix?: string }, RegExp]> = [
    [app => { app.register(boxPlugin) }, {}, /^boxPlugin: this server already has a route '\/boxes'\. Register the plugin with a prefix of its own/],
    [app => { app.get('/a/problems', () => '') }, { prefix: '/a' }, /already has a route '\/a\/problems'/],
    [app => { app.post('/box.php', () => '') }, {}, /already has a route '\/box\.php'/],
    [app => { app.get('/docs', () => '') }, { docs: '/docs' }, /already has a route '\/docs'.*Set the option docs/],
    [app => { app.get('/docs/', () => '') }, { docs: '/docs' }, /already has a route '\/docs\/'.*Set the option docs/],
    [app => { app.options('/a/boxes/*', () => '') }, { prefix: '/a' }, /already has a route '\/a\/boxes\/\*'/],
    ...[
      'GET /boxes/:box/messages', 'DELETE /boxes/:id', 'PUT /boxes/:box/cursor', 'GET /openapi.json', 'GET /problems/:name', 'GET /box.php/',
      'GET /docs/json', 'GET /docs/static/*', 'GET /docs/static/index.html'
    ].map((route): typeof taken[number] => {
      const [method = '', url = ''] = route.split(' ')
      // Of two names of a parameter, either may be in the message.
      const named = RegExp(`already has a route '${url.replace('*', '\\*').replace(/:\w+/, ':\\w+')}'\\. Register the plugin with a prefix`)
      return [app => { app.route({ method, url, handler: () => '' }) }, {}, named]
    }),
    [() => {}, { prefix: '/*' }, /the prefix '\/\*' contains a wildcard/]
  ]
  for (const [occupy, options, message] of taken) {
    const app = host(t)
    occupy(app)
    app.register(boxPlugin, options)
    await t.rejects(async () => { await app.ready() }, { name: 'TypeError', message })
  }
})

t.test('a host that has its own /docs gets the boxes without Swagger UI', async t => {
  for (const url of ['/docs', '/docs/']) {
    const app = host(t)
    app.get(url, () => 'own')
    app.register(boxPlugin)
    await app.ready()
    t.equal((await app.inject(url)).body, 'own')
    t.equal((await createBox(app)).url.startsWith('/boxes/'), true)
  }
})
