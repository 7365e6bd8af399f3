import t, { type Test } from 'tap'
import { dropAddress, newBoxId } from '../../../src/box/capability.js'
import { build as buildApp, isProblem, json, type BuildOptions } from '../../helpers/build.js'

async function build (t: Test, options: BuildOptions = {}) {
  const made = await buildApp(t, options)
  const open = (id: string, request: object = {}) => made.app.inject({ method: 'PUT', url: `${options.prefix ?? ''}/boxes/${id}`, ...request })
  return { ...made, open }
}

t.test('a box is created under the id of the client, and is there from then on', async t => {
  const { app, clock, open } = await build(t)
  for (const request of [{}, { headers: { 'content-type': 'application/json' } }, json({})]) {
    const id = newBoxId()
    const first = await open(id, request)
    t.equal(first.statusCode, 201)
    t.equal(first.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(first.headers.location, `/boxes/${id}`)
    t.same(first.json(), { type: 'created', data: id, drop: dropAddress(id), expires: new Date(clock.now() + 86_400_000).toISOString() })
    t.equal((await app.inject({ ...json('kept'), method: 'POST', url: `/boxes/${first.json().drop}/messages` })).statusCode, 200)
    const again = await open(id, request)
    t.equal(again.statusCode, 200)
    t.equal(again.headers.location, undefined)
    t.equal(again.body, first.body)
    t.same((await app.inject({ url: `/boxes/${id}/messages` })).json(), { type: 'msgs', data: ['kept'], next: 1 })
  }
})

t.test('an existing box keeps its idle lifetime, and is renewed by it', async t => {
  const { clock, open } = await build(t, { ttl: 60, maxTtl: 3600 })
  const id = newBoxId()
  const expires = async (body: object) => (await open(id, json(body))).json().expires
  t.equal(await expires({ ttl: 600 }), new Date(clock.now() + 600_000).toISOString())
  for (const body of [{}, { ttl: 60 }, { ttl: 3600 }]) t.equal(await expires(body), new Date(clock.now() + 600_000).toISOString())
  clock.turn(300)
  t.equal(await expires({ ttl: 3600 }), new Date(clock.now() + 600_000).toISOString())
  clock.turn(600)
  const created = await open(id)
  t.match([created.statusCode, created.json()], [201, { expires: new Date(clock.now() + 60_000).toISOString() }])
})

t.test('a box that the server made can be opened, and a deleted one is made again', async t => {
  const { app, createBox, open } = await build(t)
  const box = await createBox()
  await box.store(1)
  t.match((await open(box.id)).json(), { data: box.id, drop: box.drop })
  t.same((await box.read()).json().data, [1])
  await app.inject({ method: 'DELETE', url: box.url })
  t.equal((await open(box.id)).statusCode, 201)
  t.same((await box.read()).json(), { type: 'msgs', data: [], next: 0 })
})

t.test('of clients that open a box at the same time, one creates it', async t => {
  const { open } = await build(t)
  const id = newBoxId()
  const answers = await Promise.all(Array.from({ length: 20 }, () => open(id)))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [...Array.from({ length: 19 }, () => 200), 201])
  t.equal(new Set(answers.map(({ body }) => body)).size, 1)
})

t.test('only the id of a box can be opened', async t => {
  const { app, open } = await build(t)
  const id = newBoxId()
  isProblem(t, await open(dropAddress(id)), 403, 'BOX_ERR_DROP_ONLY')
  for (const malformed of ['box_short', id + 'A', id.toUpperCase(), 'box', `box_${'!'.repeat(32)}`]) isProblem(t, await open(malformed), 404, 'BOX_ERR_NOT_FOUND')
  t.equal((await app.inject({ url: `/boxes/${id}/messages` })).statusCode, 404, 'and nothing else makes a box')
})

t.test('the body is checked as for a new box, also if the box exists', async t => {
  const { open } = await build(t, { ttl: 60, maxTtl: 3600 })
  const id = newBoxId()
  const bodies = [{ ttl: 0 }, { ttl: 1.5 }, { ttl: 3601 }, { ttl: '60' }, { TTL: 60 }, [], null]
  for (const status of [201, 200]) {
    for (const body of bodies) isProblem(t, await open(id, json(body)), 400, 'BOX_ERR_INVALID')
    isProblem(t, await open(`${id}?ttl=60`), 400, 'BOX_ERR_INVALID')
    isProblem(t, await open(id, { headers: { 'content-type': 'text/plain' }, payload: '{}' }), 415, 'BOX_ERR_MEDIA_TYPE')
    t.equal((await open(id)).statusCode, status)
  }
})

t.test('Location includes the prefix', async t => {
  const { open } = await build(t, { prefix: '/api/v1' })
  const id = newBoxId()
  t.equal((await open(id)).headers.location, `/api/v1/boxes/${id}`)
})

t.test('opening counts as a read, and as a create if the box does not exist', async t => {
  const { open, createBox } = await build(t, { rateLimit: { creates: 2, reads: 5 } })
  const [one, two] = [newBoxId(), newBoxId()]
  const created = await open(one)
  t.match([created.statusCode, created.headers], [201, { 'ratelimit-limit': '2', 'ratelimit-remaining': '1' }])
  const existing = await open(one)
  t.match([existing.statusCode, existing.headers], [200, { 'ratelimit-limit': '5', 'ratelimit-remaining': '3' }])
  await createBox()
  const refused = await open(two)
  isProblem(t, refused, 429, 'BOX_ERR_RATE')
  t.match(refused.headers, { 'ratelimit-limit': '2', 'retry-after': refused.headers['ratelimit-reset'] })
  t.equal((await open(one)).statusCode, 200)
  t.equal((await open(one)).statusCode, 200)
  isProblem(t, await open(one), 429, 'BOX_ERR_RATE')
})

t.test('a box counts against the address that created it, and others can open it', async t => {
  const { open } = await build(t, { rateLimit: { boxes: 1 }, server: { trustProxy: true } })
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  const id = newBoxId()
  t.equal((await open(id, from('192.0.2.1'))).statusCode, 201)
  t.equal((await open(id, from('192.0.2.1'))).statusCode, 200)
  isProblem(t, await open(newBoxId(), from('192.0.2.1')), 429, 'BOX_ERR_HELD')
  t.equal((await open(id, from('192.0.2.2'))).statusCode, 200)
  t.equal((await open(newBoxId(), from('192.0.2.2'))).statusCode, 201)
})
