import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { createLimiter } from '../../src/http/rate-limit.js'
import { memoryCosts } from '../../src/store/cost.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SharedCounter, Store } from '../../src/store/store.js'
import { build, isProblem, json, type BuildOptions } from '../helpers/build.js'

const unknown = `/boxes/box_${'A'.repeat(32)}/messages`

/** How many of `count` requests pass from an address. */
async function passed (app: Awaited<ReturnType<typeof build>>['app'], count: number, request: object): Promise<number> {
  let passed = 0
  for (let i = 0; i < count; i++) if ((await app.inject(request)).statusCode !== 429) passed++
  return passed
}

t.test('each kind of operation has its own limit', async t => {
  const { app, createBox } = await build(t, { rateLimit: { creates: 2, stores: 3, reads: 4 } })
  const box = await createBox()
  t.equal(await passed(app, 5, { method: 'POST', url: '/boxes' }), 1)
  t.equal(await passed(app, 5, { method: 'POST', url: box.messages, ...json(1) }), 3)
  t.equal(await passed(app, 2, { url: box.messages }), 2)
  t.equal(await passed(app, 1, { method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 1 }) }), 1)
  t.equal(await passed(app, 1, { method: 'DELETE', url: box.messages }), 1)
  isProblem(t, await box.read(), 429, 'BOX_ERR_RATE')
  isProblem(t, await app.inject({ method: 'DELETE', url: box.url }), 429, 'BOX_ERR_RATE')
  isProblem(t, await app.inject({ url: `/boxes/drop_${'A'.repeat(32)}/ice-servers` }), 429, 'BOX_ERR_RATE')
})

t.test('a classic request counts by its action', async t => {
  const { app, createBox } = await build(t, { rateLimit: { creates: 2, stores: 1, reads: 1 } })
  const box = await createBox()
  t.equal(await passed(app, 3, { url: '/box.php' }), 1)
  t.equal(await passed(app, 3, { url: `/box.php?box=${box.id}&msg=x` }), 1)
  t.equal(await passed(app, 3, { url: `/box.php/?box=${box.id}` }), 1)
})

t.test('everything else counts together: the contract, Swagger UI and the problem pages', async t => {
  const urls = ['/openapi.json', '/openapi-3.0.json', '/problems', '/problems/full', '/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']
  const { app } = await build(t, { docs: '/docs', rateLimit: { files: urls.length, reads: 1 } })
  for (const [i, url] of urls.entries()) {
    const { statusCode, headers } = await app.inject({ url })
    t.ok(statusCode < 400, url)
    t.match(headers, { 'ratelimit-limit': String(urls.length), 'ratelimit-remaining': String(urls.length - 1 - i) }, url)
  }
  for (const url of urls) {
    const refused = await app.inject({ url })
    isProblem(t, refused, 429, 'BOX_ERR_RATE')
    t.match(refused.headers, { 'retry-after': refused.headers['ratelimit-reset'], 'referrer-policy': 'no-referrer' }, url)
  }
  t.equal((await app.inject({ url: unknown })).statusCode, 404, 'what reads boxes has a limit of its own')
})

t.test('a response states the limit, the remainder and the reset time', async t => {
  const { app } = await build(t, { rateLimit: { reads: 2 } })
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await app.inject({ url: unknown }))
  t.same(answers.map(({ statusCode }) => statusCode), [404, 404, 429, 429], 'also what is not found counts')
  t.same(answers.map(({ headers }) => headers['ratelimit-remaining']), ['1', '0', '0', '0'])
  for (const { headers, statusCode } of answers) {
    t.equal(headers['ratelimit-limit'], '2')
    t.ok(Number(headers['ratelimit-reset']) > 50 && Number(headers['ratelimit-reset']) <= 60)
    t.equal(headers['retry-after'], statusCode === 429 ? headers['ratelimit-reset'] : undefined)
  }
})

t.test('every guess counts, whatever is wrong with it', async t => {
  const guesses = ['/boxes/x/messages', unknown, `/boxes/drop_${'A'.repeat(32)}/messages`, `/boxes/${'a'.repeat(50)}/messages`, `${unknown}?limit=0`, `/box.php?box=box_${'A'.repeat(32)}`]
  for (const url of guesses) {
    const { app } = await build(t, { rateLimit: { reads: 2 } })
    t.equal(await passed(app, 5, { url }), 2, url)
  }
  const tooLong = `/boxes/${'a'.repeat(200)}`
  const { app } = await build(t, { rateLimit: { reads: 3, stores: 2 } })
  t.equal(await passed(app, 1, { url: `${tooLong}/messages` }), 1)
  t.equal(await passed(app, 1, { method: 'PUT', url: `${tooLong}/cursor`, ...json({ after: 1 }) }), 1)
  t.equal(await passed(app, 3, { method: 'DELETE', url: tooLong }), 1)
  t.equal(await passed(app, 3, { method: 'POST', url: `${tooLong}/messages`, ...json(1) }), 2)
})

t.test('an address is one client: IPv6 by its /64, an IPv4-mapped one as IPv4', async t => {
  const { app } = await build(t, { rateLimit: { reads: 1 } })
  const ask = async (remoteAddress: string) => (await app.inject({ url: unknown, remoteAddress })).statusCode
  t.equal(await ask('2001:db8:1:2::1'), 404)
  for (const same of ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002::9']) t.equal(await ask(same), 429, same)
  t.equal(await ask('2001:db8:1:3::1'), 404)
  t.equal(await ask('192.0.2.1'), 404)
  for (const same of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201']) t.equal(await ask(same), 429, same)
  t.equal(await ask('192.0.2.2'), 404)
  t.equal(await ask('fe80::1%eth0'), 404)
  t.equal(await ask('fe80::2%eth0'), 429)
})

t.test('a port that a proxy appends to an address is ignored', async t => {
  const { app } = await build(t, { rateLimit: { reads: 1 }, server: { trustProxy: ['127.0.0.1'] } })
  const ask = async (forwarded: string) => (await app.inject({ url: unknown, headers: { 'x-forwarded-for': forwarded } })).statusCode
  t.equal(await ask('192.0.2.1:4711'), 404)
  for (const same of ['192.0.2.1:4712', '192.0.2.1']) t.equal(await ask(same), 429, same)
  t.equal(await ask('[2001:db8:1:2::1]:4711'), 404)
  for (const same of ['[2001:db8:1:2::9]:4712', '[2001:db8:1:2::1]', '2001:db8:1:2::1']) t.equal(await ask(same), 429, same)
  t.equal(await ask('2001:db8:1:3::4711'), 404)
})

t.test('X-Forwarded-For is trusted only if trustProxy names the proxy', async t => {
  const ask = (server: BuildOptions['server']) => async (t: Test) => {
    const { app } = await build(t, { rateLimit: { reads: 1 }, ...(server === undefined ? {} : { server }) })
    return async (remoteAddress: string, forwarded: string) =>
      (await app.inject({ url: unknown, remoteAddress, headers: { 'x-forwarded-for': forwarded } })).statusCode
  }
  const untrusting = await ask(undefined)(t)
  t.equal(await untrusting('192.0.2.1', '198.51.100.1'), 404)
  t.equal(await untrusting('192.0.2.1', '198.51.100.2'), 429, 'a forged one changes nothing')

  const trusting = await ask({ trustProxy: ['10.0.0.0/8'] })(t)
  t.equal(await trusting('10.0.0.1', '198.51.100.1'), 404)
  t.equal(await trusting('10.0.0.1', '198.51.100.2'), 404)
  t.equal(await trusting('10.0.0.1', '203.0.113.9, 198.51.100.1'), 429, 'what the client put before the proxy\'s own is not believed')
  t.equal(await trusting('192.0.2.1', '198.51.100.3'), 404)
  t.equal(await trusting('192.0.2.1', '198.51.100.4'), 429)
})

t.test('a full cache does not free an address that keeps sending requests', async t => {
  const limiter = createLimiter({ creates: 1, stores: 1, reads: 1, files: 1, waiters: 1, boxes: 1, bytes: 1 }, undefined, Fastify().log)
  const reply = { headers: () => {}, header: () => {} }
  const count = async (ip: string) => {
    try {
      await limiter.count('reads', { ip, raw: {}, routeOptions: {} } as never, reply as never)
      return true
    } catch {
      return false
    }
  }
  t.equal(await count('192.0.2.1'), true)
  let freed = 0
  for (let i = 0; i < 140_000; i++) {
    await count(`${i >>> 16}.${(i >>> 8) & 255}.${i & 255}.1`)
    if (i % 1000 === 0 && await count('192.0.2.1')) freed++
  }
  t.equal(freed, 0)
})

/** A counter that all processes share, which the test can break. */
function sharedCounter () {
  const counts = new Map<string, number>()
  const state = { broken: false, counts }
  const counter: SharedCounter = {
    async increment (key) {
      if (state.broken) throw new Error('the counter does not answer')
      const current = (counts.get(key) ?? 0) + 1
      counts.set(key, current)
      return { current, ttl: 30_000 }
    }
  }
  return { state, store: (): Store => Object.assign(memoryStore(), { counter }) }
}

t.test('processes that share a counter share the limits', async t => {
  const { state, store } = sharedCounter()
  const [one, other] = [await build(t, { store: store(), rateLimit: { reads: 3 } }), await build(t, { store: store(), rateLimit: { reads: 3 } })]
  t.equal(await passed(one.app, 2, { url: unknown }), 2)
  const last = await other.app.inject({ url: unknown })
  t.match(last.headers, { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' })
  const refused = await other.app.inject({ url: unknown })
  isProblem(t, refused, 429, 'BOX_ERR_RATE')
  t.equal(refused.headers['retry-after'], '30')
  const counts = [...state.counts]
  t.match(counts, [[/^reads:[\w-]{8}$/, 4]], 'under a hash of the address')
  t.equal(counts.length, 1)
})

t.test('what only one process has to serve is counted by that process', async t => {
  const { state, store } = sharedCounter()
  const [one, other] = [await build(t, { store: store(), rateLimit: { files: 1 } }), await build(t, { store: store(), rateLimit: { files: 1 } })]
  for (const { app } of [one, other]) t.equal(await passed(app, 3, { url: '/openapi.json' }), 1)
  t.equal(state.counts.size, 0)
})

t.test('while the shared counter fails, each process counts on its own: it neither refuses nor admits everyone', async t => {
  const { state, store } = sharedCounter()
  const { app } = await build(t, { store: store(), rateLimit: { reads: 3 } })
  t.equal(await passed(app, 5, { url: unknown }), 3)
  state.broken = true
  t.equal(await passed(app, 10, { url: unknown }), 3)
  state.broken = false
  t.equal(await passed(app, 2, { url: unknown }), 0)
})

t.test('of concurrent requests, the first ones pass, each with its own count', async t => {
  const { app } = await build(t, { rateLimit: { creates: 30 } })
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.inject({ method: 'POST', url: '/boxes' })))
  t.same(answers.map(({ statusCode }) => statusCode), [...Array(30).fill(201), ...Array(20).fill(429)])
  t.same(answers.map(({ headers }) => Number(headers['ratelimit-remaining'])), Array.from({ length: 50 }, (_, i) => Math.max(0, 29 - i)))
})

t.test('an outage of the shared counter takes two log lines, not one per request', async t => {
  const { state, store } = sharedCounter()
  const lines: Array<{ level: number, msg: string }> = []
  const server = { disableRequestLogging: true, logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } }
  const { app } = await build(t, { store: store(), rateLimit: { reads: 100 }, server })
  state.broken = true
  for (let i = 0; i < 20; i++) await app.inject({ url: unknown })
  t.match(lines, [{ level: 40, msg: /^The shared rate limit is not responding/, err: { message: 'the counter does not answer' } }])
  t.equal(lines.length, 1)

  state.broken = false
  const now = performance.now.bind(performance)
  t.intercept(performance, 'now', { value: () => now() + 60_000 })
  for (let i = 0; i < 20; i++) await app.inject({ url: unknown })
  t.match(lines.slice(1), [{ level: 30, msg: /^The shared rate limit is responding again, after 20 failures/ }])
  t.equal(lines.length, 2)
})

t.test('false disables every limit', async t => {
  const { app } = await build(t, { rateLimit: false })
  t.equal(await passed(app, 700, { url: unknown }), 700)
  t.notOk('ratelimit-limit' in (await app.inject({ url: unknown })).headers)
})

t.test('a flood of creates gets 429, then 507, and takes no more space', async t => {
  const { app } = await build(t, { rateLimit: { creates: 5 }, maxStoreBytes: 10 * memoryCosts.box + 6 * memoryCosts.holder })
  const statuses = []
  for (let i = 0; i < 8; i++) statuses.push((await app.inject({ method: 'POST', url: '/boxes', remoteAddress: '192.0.2.1' })).statusCode)
  t.same(statuses, [201, 201, 201, 201, 201, 429, 429, 429])
  for (let i = 0; i < 360; i++) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/boxes', remoteAddress: `198.51.100.${i % 60}` })
    t.equal(statusCode, i < 5 ? 201 : i < 300 ? 507 : 429)
  }
})
