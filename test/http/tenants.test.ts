import Fastify from 'fastify'
import t from 'tap'
import boxPlugin from '../../src/index.js'
import { build, isProblem, json } from '../helpers/build.js'

const prefix = '/t/:tenant'

t.test('under a prefix with a parameter, Location is the path of the box', async t => {
  const { app } = await build(t, { prefix })
  for (const base of ['/t/one', '/t/two%20%2F', '/t/:tenant']) {
    const created = await app.inject({ method: 'POST', url: `${base}/boxes` })
    t.equal(created.statusCode, 201)
    t.equal(created.headers.location, `${base}/boxes/${created.json().data}`)
    const stored = await app.inject({ method: 'POST', url: `${created.headers.location}/messages`, ...json('hello') })
    t.equal(stored.statusCode, 200)
  }
})

t.test('the guard sees the prefix\'s parameter', async t => {
  const { app } = await build(t, { prefix, guard: async request => { if ((request.params as { tenant: string }).tenant !== 'one') throw Object.assign(new Error('Not yours.'), { statusCode: 403 }) } })
  t.equal((await app.inject({ method: 'POST', url: '/t/one/boxes' })).statusCode, 201)
  t.equal((await app.inject({ method: 'POST', url: '/t/two/boxes' })).statusCode, 403)
})

t.test('Location never leads to another host', async t => {
  const app = Fastify({ routerOptions: { ignoreDuplicateSlashes: true } })
  t.teardown(() => app.close())
  await app.register(boxPlugin, { prefix: '/:tenant' })
  const created = await app.inject({ method: 'POST', url: '//evil.example/boxes' })
  t.equal(created.headers.location, `/evil.example/boxes/${created.json().data}`)
})

for (const [slashed, base] of [['/', ''], ['/p/', '/p'], ['/t/:tenant/', '/t/one']] as const) {
  t.test(`under the prefix ${slashed}, paths have no doubled slash`, async t => {
    const { app } = await build(t, { prefix: slashed })
    const created = await app.inject({ method: 'POST', url: `${base}/boxes` })
    t.equal(created.headers.location, `${base}/boxes/${created.json().data}`)
    t.equal((await app.inject(`${created.headers.location}/messages`)).statusCode, 200)
    t.equal((await app.inject(`${base}/boxes/none/messages`)).json().type, `${base}/problems/not-found`)
  })
}

t.test('a server\'s own route is found under a prefix that ends in a slash, too', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/boxes', async () => 'mine')
  await t.rejects(async () => { await app.register(boxPlugin, { prefix: '/' }) }, { message: /already has a route '\/boxes'/ })
})

t.test('a problem\'s type is below the prefix, and can be fetched', async t => {
  const { app } = await build(t, { prefix })
  const { type } = (await app.inject('/t/one/boxes/none/messages')).json()
  t.equal(type, '/t/one/problems/not-found')
  t.match((await app.inject(type)).json(), { type, status: 404, code: 'BOX_ERR_NOT_FOUND' })
  isProblem(t, await app.inject('/t/one/boxes/none/other'), 404, 'BOX_ERR_NO_ROUTE')
})

t.test('every operation of the contract has the parameter, and path parameters come first', async t => {
  const { app } = await build(t, { prefix })
  const { paths } = (await app.inject('/t/one/openapi.json')).json()
  for (const [path, methods] of Object.entries<Record<string, { parameters: Array<{ name: string, in: string, required: boolean, description: string }> }>>(paths)) {
    for (const { parameters } of Object.values(methods)) {
      t.match(parameters[0], { name: 'tenant', in: 'path', required: true, description: /\.$/ }, path)
      if (path.includes('{box}')) t.match(parameters[1], { name: 'box', in: 'path', required: true }, path)
    }
  }
})

t.test('Swagger UI contains no URL with the unresolved parameter', async t => {
  const { app } = await build(t, { prefix, docs: '/docs' })
  const without = await app.inject('/t/one/docs')
  t.equal(without.statusCode, 302)
  t.equal(new URL(String(without.headers.location), 'http://host/t/one/docs').pathname, '/t/one/docs/')
  const page = (await app.inject('/t/one/docs/')).body
  t.notMatch(page, ':tenant')
  const [, script] = /src="(\.\/static\/swagger-initializer\.js)"/.exec(page) ?? []
  const initializer = await app.inject(new URL(String(script), 'http://host/t/one/docs/').pathname)
  t.equal(initializer.statusCode, 200)
  t.notMatch(initializer.body, ':tenant')
  t.match((await app.inject('/t/one/docs/json')).json(), { openapi: '3.1.0' })
})
