import type { InjectOptions } from 'fastify'
import cors from '@fastify/cors'
import t from 'tap'
import { build, isProblem, type TestBox } from '../helpers/build.js'

const app = 'https://app.example'
const evil = 'https://evil.example'

/** What any page may send without a preflight, for each operation that has such a request. */
const simple = ({ messages, id, url }: TestBox): InjectOptions[] => [
  { method: 'POST', url: '/boxes' },
  { method: 'POST', url: messages, headers: { 'content-type': 'text/plain' }, payload: 'x' },
  { url: messages },
  { url: `${url}/ice-servers` },
  { url: '/box.php' },
  { url: '/box.php/' },
  { url: `/box.php?box=${id}&msg=x` },
  { url: `/box.php?box=${id}` }
]

const sent = (request: InjectOptions, headers: Record<string, string>): InjectOptions => ({ ...request, headers: { host: 'box.example', ...request.headers, ...headers } })

t.test('a cross-site request that cors does not allow is refused and does not count', async t => {
  for (const option of [false, app, [app, 'https://other.example']]) {
    const { app, createBox } = await build(t, { cors: option, rateLimit: { creates: 4, stores: 2, reads: 3 } })
    const box = await createBox()
    const forged = [
      { 'sec-fetch-site': 'cross-site', origin: evil },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://blog.box.example' },
      { origin: evil },
      { origin: 'null' }
    ]
    for (const headers of forged) {
      for (const request of simple(box)) isProblem(t, await app.inject(sent(request, headers)), 403, 'BOX_ERR_CROSS_SITE')
    }
    for (const request of simple(box)) t.equal(Math.floor((await app.inject(request)).statusCode / 100), 2, 'the allowance is still there')
  }
})

t.test('the site itself, the address bar, allowed origins and non-browsers pass', async t => {
  for (const headers of [
    {}, { 'sec-fetch-site': 'none' }, { 'sec-fetch-site': 'same-origin', origin: 'https://box.example' },
    { origin: 'https://box.example' }, { origin: 'http://box.example:80' }, { 'sec-fetch-site': 'cross-site', origin: app }, { origin: app }
  ]) {
    const { app: server, createBox } = await build(t, { cors: [app] })
    for (const request of simple(await createBox())) {
      t.ok((await server.inject(sent(request, headers))).statusCode < 300, `${JSON.stringify(headers)} ${request.method ?? 'GET'}`)
    }
  }
})

t.test('by default, any website may send requests', async t => {
  const { app, createBox } = await build(t)
  for (const request of simple(await createBox())) {
    t.ok((await app.inject(sent(request, { 'sec-fetch-site': 'cross-site', origin: evil }))).statusCode < 300)
  }
})

t.test('with cors off, the host\'s CORS policy decides', async t => {
  const { app: server } = await build(t, { cors: false, before: host => host.register(cors, { origin: [app] }) })
  const create = async (origin: string) => await server.inject(sent({ method: 'POST', url: '/boxes' }, { 'sec-fetch-site': 'cross-site', origin }))
  t.equal((await create(app)).statusCode, 201)
  isProblem(t, await create(evil), 403, 'BOX_ERR_CROSS_SITE')
})

t.test('the contract declares the refusal where it can occur', async t => {
  for (const [option, listed] of [[true, false], [false, true]] as const) {
    const { app } = await build(t, { cors: option })
    const { paths } = (await app.inject('/openapi.json')).json()
    t.equal('403' in paths['/boxes'].post.responses, listed)
  }
})
