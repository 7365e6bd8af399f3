import type { FastifyRequest, FastifyServerOptions, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { NotFoundError } from '../../src/errors.js'
import { build, createBox, isProblem, json, type TestBox } from '../helpers/build.js'

/** Every way to every operation. */
const ways: Array<[operation: string, way: (box: TestBox) => InjectOptions & { url: string }]> = [
  ['createBox', () => ({ method: 'POST', url: '/boxes' })],
  ['createBox', () => ({ url: '/box.php' })],
  ['createBox', () => ({ url: '/box.php/?box=&msg=x' })],
  ['openBox', ({ url }) => ({ method: 'PUT', url })],
  ['openBox', ({ url }) => ({ method: 'PUT', url: url.replace(/.{8}$/, 'AAAAAAAA') })],
  ['storeMessage', ({ drop }) => ({ method: 'POST', url: `/boxes/${drop}/messages`, ...json('more') })],
  ['storeMessage', ({ messages }) => ({ method: 'POST', url: messages, headers: { 'content-type': 'text/plain' }, payload: 'more' })],
  ['storeMessage', ({ drop }) => ({ url: `/box.php?box=${drop}&msg=more` })],
  ['readMessages', ({ messages }) => ({ url: messages })],
  ['readMessages', ({ messages }) => ({ method: 'HEAD', url: messages })],
  ['readMessages', ({ messages }) => ({ url: `${messages}?after=1&wait=1` })],
  ['readMessages', ({ messages }) => ({ method: 'HEAD', url: messages, headers: { accept: 'text/event-stream' } })],
  ['acknowledge', ({ url }) => ({ method: 'PUT', url: `${url}/cursor`, ...json({ after: 1 }) })],
  ['drainMessages', ({ messages }) => ({ method: 'DELETE', url: messages })],
  ['drainMessages', ({ id }) => ({ url: `/box.php?box=${id}` })],
  ['getIceServers', ({ url }) => ({ url: `${url}/ice-servers` })],
  ['getIceServers', ({ drop }) => ({ method: 'HEAD', url: `/boxes/${drop}/ice-servers` })],
  ['deleteBox', ({ url }) => ({ method: 'DELETE', url })]
]

const refusal = () => Object.assign(new Error('Log in first.'), { statusCode: 401, code: 'NO_LOGIN' })

/** A host with a login: a box with one message in it, made while everything was let through. */
async function guarded (t: Test, refuse: (request: FastifyRequest) => void) {
  const asked: string[] = []
  let open = true
  const { app } = await build(t, {
    maxWait: 0,
    guard: (request, _reply, operation) => {
      asked.push(operation)
      if (!open) refuse(request)
    }
  })
  const box = await createBox(app)
  await box.store('kept')
  open = false
  asked.length = 0
  return { app, box, asked, open: () => { open = true } }
}

t.test('it is called for every operation, with its name, and can allow it', async t => {
  const { app, box, asked } = await guarded(t, () => {})
  for (const [operation, way] of ways) {
    const answer = await app.inject(way(box))
    t.ok(answer.statusCode < 300, `${operation} ${answer.statusCode}`)
    t.same(asked.splice(0), [operation])
  }
})

t.test('a refused operation has neither read nor changed anything', async t => {
  const { app, box, open } = await guarded(t, () => { throw refusal() })
  for (const [operation, way] of ways) {
    const request = way(box)
    const refused = await app.inject(request)
    t.equal(refused.statusCode, 401, operation)
    t.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8')
    if (request.method !== 'HEAD') t.same(refused.json(), { type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'Log in first.', code: 'NO_LOGIN' })
  }
  open()
  t.match((await box.read()).json(), { data: ['kept'], next: 1 })
})

t.test('a guard that returns false refuses too', async t => {
  const { app } = await build(t, { guard: (async () => false) as never })
  const refused = await app.inject({ method: 'POST', url: '/boxes' })
  t.equal(refused.statusCode, 403)
  t.match(refused.json(), { code: 'HOST_REFUSED', detail: 'This server does not allow the request.' })
})

t.test('a stream is refused before it opens', async t => {
  const { app, box } = await guarded(t, () => { throw refusal() })
  const answer = await app.inject({ url: box.messages, headers: { accept: 'text/event-stream' } })
  t.equal(answer.statusCode, 401)
  t.notMatch(answer.body, 'kept')
})

t.test('a refusal does not reveal whether a box exists', async t => {
  const { app, box } = await guarded(t, () => { throw refusal() })
  const unknown = { ...box, id: `box_${'A'.repeat(32)}`, drop: `drop_${'A'.repeat(32)}`, url: `/boxes/box_${'A'.repeat(32)}`, messages: `/boxes/box_${'A'.repeat(32)}/messages` }
  for (const [operation, way] of ways) {
    const [one, other] = await Promise.all([box, unknown].map(async box => await app.inject(way(box))))
    t.same([one!.statusCode, one!.body], [other!.statusCode, other!.body], operation)
  }
})

t.test('it is called after the rate limit and validation, which look up no box', async t => {
  let asked = 0
  const { app, createBox } = await build(t, { guard: () => { asked++ }, rateLimit: { creates: 2 } })
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...json({ ttl: 0 }) }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ url: '/boxes/none/messages' }), 404, 'BOX_ERR_NOT_FOUND')
  isProblem(t, await app.inject({ url: '/box.php?box=none' }), 404, 'BOX_ERR_NOT_FOUND')
  isProblem(t, await app.inject({ url: '/box.php', headers: { purpose: 'prefetch' } }), 403, 'BOX_ERR_PREFETCH')
  isProblem(t, await app.inject({ url: '/box.php' }), 429, 'BOX_ERR_RATE')
  t.equal(asked, 0)
  await t.rejects(createBox(), /429/)
})

t.test('it is not called for preflights, the contract or Swagger UI', async t => {
  const { app } = await build(t, { docs: '/docs', guard: () => { throw refusal() } })
  const origin = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  for (const url of ['/boxes', `/boxes/box_${'A'.repeat(32)}/messages`, '/box.php']) {
    t.equal((await app.inject({ method: 'OPTIONS', url, headers: origin })).statusCode, 204)
  }
  for (const url of ['/openapi.json', '/docs/']) t.equal((await app.inject({ url })).statusCode, 200, url)
})

function logged () {
  const lines: string[] = []
  const server: FastifyServerOptions = { logger: { level: 'error', stream: { write: line => { lines.push(line) } } } }
  return { lines, server }
}

t.test('a guard that fails causes a logged 500 that reveals nothing', async t => {
  const fails: Array<() => unknown> = [
    () => { throw Object.assign(new Error('canary'), { statusCode: 500 }) },
    // eslint-disable-next-line no-throw-literal
    () => { throw { statusCode: 500, message: 'canary', code: 'CANARY' } },
    () => (undefined as unknown as { canary: string }).canary,
    () => { throw new Error('canary') },
    () => { throw Object.assign(new Error('canary'), { statusCode: 302 }) },
    async () => { throw Object.assign(new Error('canary'), { statusCode: '401' }) },
    () => { throw Object.assign(new Error('canary'), { code: 'BOX_ERR_STORE' }) },
    // eslint-disable-next-line no-throw-literal
    async () => { throw 'canary' },
    // eslint-disable-next-line no-throw-literal
    async () => { throw undefined }
  ]
  for (const fail of fails) {
    const { lines, server } = logged()
    const { app } = await build(t, { server, guard: async () => { await fail() } })
    for (const way of [{ method: 'POST' as const, url: '/boxes' }, { url: '/box.php' }]) {
      const answer = await app.inject(way)
      isProblem(t, answer, 500, 'BOX_ERR_INTERNAL')
      t.notMatch(answer.body, /canary/i)
    }
    t.equal(lines.length, 2, 'both are logged')
  }
})

t.test('a guard error with a 5xx status keeps the status and reveals nothing', async t => {
  for (const code of ['CANARY', 'BOX_ERR_STORE']) {
    const { lines, server } = logged()
    const { app } = await build(t, { server, guard: () => { throw Object.assign(new Error('canary'), { statusCode: 503, code }) } })
    const answer = await app.inject({ method: 'POST', url: '/boxes' })
    t.equal(answer.statusCode, 503)
    t.match(answer.headers['retry-after'], /^[1-9]/)
    t.notMatch(answer.body, /canary/i)
    t.match(lines.join(), /canary/)
  }
})

t.test('it can refuse with an error of the table, with its own headers, or without a message', async t => {
  let thrown: unknown = new NotFoundError()
  const { app } = await build(t, { guard: (_request, reply) => { throw (reply.header('www-authenticate', 'Bearer'), thrown) } })
  const ask = async () => await app.inject({ method: 'POST', url: '/boxes' })
  isProblem(t, await ask(), 404, 'BOX_ERR_NOT_FOUND')
  t.equal((await ask()).headers['www-authenticate'], 'Bearer')
  thrown = { statusCode: 403 }
  t.match((await ask()).json(), { status: 403, title: 'Forbidden', code: 'HOST_REFUSED', detail: /\S/ })
})

t.test('if the guard responds itself, the plugin sends nothing and does nothing', async t => {
  for (const before of [undefined, 'a slow onSend hook'] as const) {
    for (const wait of [true, false]) {
      let open = true
      const { app } = await build(t, {
        ...(before && {
          before: app => {
            app.addHook('onSend', async (_request, _reply, payload) => {
              await new Promise(resolve => setImmediate(resolve))
              return payload
            })
          }
        }),
        guard: async (_request, reply) => {
          if (open) return
          reply.code(401).send({ own: true })
          if (wait) await reply
        }
      })
      const box = await createBox(app)
      await box.store('kept')
      open = false
      for (const [operation, way] of ways) {
        const request = way(box)
        const answer = await app.inject(request)
        t.equal(answer.statusCode, 401, operation)
        if (request.method !== 'HEAD') t.same(answer.json(), { own: true }, `${operation}, ${before}, ${wait}`)
      }
      open = true
      t.same((await box.read()).json().data, ['kept'])
    }
  }
})

t.test('if the guard responds and then fails, its response stands', async t => {
  const { lines, server } = logged()
  const { app } = await build(t, {
    server,
    guard: (_request, reply) => {
      reply.code(401).send({ own: true })
      throw new Error('canary')
    }
  })
  t.same((await app.inject({ method: 'POST', url: '/boxes' })).json(), { own: true })
  t.match(lines.join(), /canary/)
})
