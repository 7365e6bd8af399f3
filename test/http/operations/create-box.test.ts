import t from 'tap'
import { BOX_ID, DROP_ADDRESS, dropAddress } from '../../../src/box/capability.js'
import { build, isProblem, json, jsonText } from '../../helpers/build.js'

t.test('a box is created without a body', async t => {
  const { app, clock } = await build(t)
  for (const request of [{}, { headers: { 'content-type': 'application/json' } }, json({})]) {
    const answer = await app.inject({ method: 'POST', url: '/boxes', ...request })
    t.equal(answer.statusCode, 201)
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    const body = answer.json()
    t.same(Object.keys(body), ['type', 'data', 'drop', 'expires'])
    t.equal(body.type, 'created')
    t.match(body.data, new RegExp(BOX_ID))
    t.match(body.drop, new RegExp(DROP_ADDRESS))
    t.equal(body.drop, dropAddress(body.data))
    t.equal(body.expires, new Date(clock.now() + 86_400_000).toISOString())
    t.equal(answer.headers.location, `/boxes/${body.data}`)
  }
})

t.test('no two boxes share an id', async t => {
  const { createBox } = await build(t)
  const ids = await Promise.all(Array.from({ length: 100 }, async () => (await createBox()).id))
  t.equal(new Set(ids).size, 100)
})

t.test('Location includes the prefix', async t => {
  const { app } = await build(t, { prefix: '/api/v1' })
  const answer = await app.inject({ method: 'POST', url: '/api/v1/boxes' })
  const { location } = answer.headers
  t.equal(location, `/api/v1/boxes/${answer.json().data}`)
  t.equal((await app.inject({ url: `${location}/messages` })).statusCode, 200)
})

t.test('the creator chooses the idle lifetime, up to the maximum', async t => {
  const { app, clock } = await build(t, { ttl: 60, maxTtl: 3600 })
  for (const ttl of [1, 60, 3600]) {
    const answer = await app.inject({ method: 'POST', url: '/boxes', ...json({ ttl }) })
    t.equal(answer.statusCode, 201)
    t.equal(answer.json().expires, new Date(clock.now() + ttl * 1000).toISOString())
  }
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).json().expires, new Date(clock.now() + 60_000).toISOString())
  for (const ttl of [0, -1, 1.5, 3601, 1e300]) {
    isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...json({ ttl }) }), 400, 'BOX_ERR_INVALID')
  }
})

t.test('nothing is coerced, and unknown members are refused', async t => {
  const { app } = await build(t)
  const bodies = [
    '{"ttl":"60"}', '{"ttl":true}', '{"ttl":null}', '{"ttl":["60"]}', '{"ttl":{}}', '{"ttl":60,"more":1}', '{"TTL":60}',
    '{"__proto__":{"ttl":5}}', '{"constructor":1}', '{"ttl":1e999}',
    '[]', '[{"ttl":60}]', 'null', 'true', '60', '"60"', '{', '{"ttl":60}}', '\ufeff{}'
  ]
  for (const body of bodies) {
    isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...jsonText(body) }), 400, 'BOX_ERR_INVALID')
  }
  for (const query of ['?ttl=60', '?', '?x', '?__proto__=1']) {
    const answer = await app.inject({ method: 'POST', url: `/boxes${query}` })
    if (query === '?') t.equal(answer.statusCode, 201)
    else isProblem(t, answer, 400, 'BOX_ERR_INVALID')
  }
})

t.test('the detail names the member, not the value that was sent', async t => {
  const { app } = await build(t)
  const detail = async (query: string, body: object) => (await app.inject({ method: 'POST', url: `/boxes${query}`, ...json(body) })).json().detail
  t.equal(await detail('', { ttl: 'canary' }), 'Correct the request: body.ttl: expected an integer from 1 to 604800.')
  t.equal(await detail('', { canary: 1 }), 'Correct the request: body: accepts only ttl, keep.')
  t.equal(await detail('?canary', {}), 'Correct the request: query: accepts no parameters.')
})

t.test('a body of another media type or size is refused', async t => {
  const { app } = await build(t)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/json-patch+json', 'application/*', 'json', 'application/json; charset=utf-16']) {
    isProblem(t, await app.inject({ method: 'POST', url: '/boxes', headers: { 'content-type': type }, payload: '{}' }), 415, 'BOX_ERR_MEDIA_TYPE')
  }
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', payload: Buffer.from('{}') }), 415, 'BOX_ERR_MEDIA_TYPE')
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...jsonText(`{"ttl":60${' '.repeat(1024)}}`) }), 413, 'BOX_ERR_TOO_LARGE')
})
