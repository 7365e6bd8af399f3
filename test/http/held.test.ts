import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, isProblem, json } from '../helpers/build.js'

const here = { remoteAddress: '192.0.2.1' }
const elsewhere = { remoteAddress: '198.51.100.1' }
const large = json('x'.repeat(20_000))

async function create (app: FastifyInstance, from: object): Promise<{ url: string, messages: string, dropped: string }> {
  const answer = await app.inject({ method: 'POST', url: '/boxes', ...from })
  if (answer.statusCode !== 201) throw new Error(answer.body)
  const { data, drop } = answer.json()
  return { url: `/boxes/${data}`, messages: `/boxes/${data}/messages`, dropped: `/boxes/${drop}/messages` }
}

t.test('an address with the maximum number of boxes gets no more until one is deleted or expires; others do', async t => {
  const { app, clock } = await build(t, { ttl: 100, rateLimit: { boxes: 3 } })
  const [first] = [await create(app, here), await create(app, here), await create(app, here)]
  const refused = await app.inject({ method: 'POST', url: '/boxes', ...here })
  isProblem(t, refused, 429, 'BOX_ERR_HELD')
  t.equal(refused.headers['retry-after'], '60')
  t.match(refused.json().detail, /delete boxes/)
  isProblem(t, await app.inject({ url: '/box.php', ...here }), 429, 'BOX_ERR_HELD')
  await create(app, elsewhere)

  await app.inject({ method: 'DELETE', url: first.url })
  await create(app, here)
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', ...here }), 429, 'BOX_ERR_HELD')
  clock.turn(100)
  for (let i = 0; i < 3; i++) await create(app, here)
})

t.test('holders, like clients, are IPv6 /64 networks', async t => {
  const { app } = await build(t, { rateLimit: { boxes: 1 } })
  await create(app, { remoteAddress: '2001:db8:1:2::1' })
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', remoteAddress: '2001:db8:1:2:ffff::1' }), 429, 'BOX_ERR_HELD')
  await create(app, { remoteAddress: '2001:db8:1:3::1' })
})

t.test('messages count against the address that created their box, until they are removed', async t => {
  const { app } = await build(t, { rateLimit: { bytes: 100_000 } })
  const [mine, other, guest] = [await create(app, here), await create(app, here), await create(app, elsewhere)]
  const store = (url: string, from: object) => app.inject({ method: 'POST', url, ...from, ...large })
  let stored = 0
  let answer = await store(mine.dropped, elsewhere)
  for (; answer.statusCode === 200; stored++) answer = await store(mine.dropped, elsewhere)
  isProblem(t, answer, 429, 'BOX_ERR_HELD')
  t.equal(answer.headers['retry-after'], '60')
  t.ok(stored >= 2 && stored <= 5, `${stored} messages of 20,000 bytes`)
  isProblem(t, await store(other.dropped, here), 429, 'BOX_ERR_HELD')
  t.equal((await store(guest.dropped, here)).statusCode, 200)

  t.equal((await app.inject({ method: 'PUT', url: `${mine.url}/cursor`, ...json({ after: 2 }) })).statusCode, 200)
  t.equal((await store(other.dropped, here)).statusCode, 200)
  t.equal((await app.inject({ method: 'DELETE', url: mine.messages })).statusCode, 200)
  t.equal((await store(other.dropped, here)).statusCode, 200)
})

t.test('an emptied box counts its idempotency keys until it is deleted, and the refusal says so', async t => {
  const { app } = await build(t, { rateLimit: { bytes: 100_000 } })
  const [keyed, other] = [await create(app, here), await create(app, here)]
  for (let i = 0; i < 250; i++) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${i}` }
    await app.inject({ method: 'POST', url: keyed.dropped, ...elsewhere, headers, payload: '1' })
  }
  const store = () => app.inject({ method: 'POST', url: other.messages, ...json('x'.repeat(60_000)) })
  t.equal((await app.inject({ method: 'DELETE', url: keyed.messages })).json().data.length, 250)
  const refused = await store()
  isProblem(t, refused, 429, 'BOX_ERR_HELD')
  t.match(refused.json().detail, /delete boxes \(which also frees their idempotency keys\)/)
  await app.inject({ method: 'DELETE', url: keyed.url })
  t.equal((await store()).statusCode, 200)
})

t.test('without rate limits, an address may hold any amount', async t => {
  const { app } = await build(t, { rateLimit: false })
  const urls = new Set<string>()
  for (let i = 0; i < 50; i++) urls.add((await create(app, here)).url)
  t.equal(urls.size, 50)
})
