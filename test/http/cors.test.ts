import t from 'tap'
import { build, isProblem } from '../helpers/build.js'

const origin = 'https://app.example'
const preflight = { method: 'OPTIONS' as const, headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,idempotency-key' } }

t.test('any origin may call, without credentials, and read the headers it needs', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const answers = [
    await app.inject({ method: 'POST', url: '/boxes', headers: { origin } }),
    await app.inject({ url: box.messages, headers: { origin } }),
    await app.inject({ url: box.messages, headers: { origin, accept: 'text/html' } }),
    await app.inject({ method: 'PATCH', url: box.messages, headers: { origin } }),
    await app.inject({ url: '/boxes/none/messages', headers: { origin } }),
    await app.inject({ url: '/box.php', headers: { origin } }),
    await app.inject({ url: `${box.url}/ice-servers`, headers: { origin } })
  ]
  t.same(answers.map(answer => answer.statusCode), [201, 200, 406, 405, 404, 200, 200])
  for (const { headers } of answers) {
    t.equal(headers['access-control-allow-origin'], '*')
    t.notOk('access-control-allow-credentials' in headers)
    const exposed = String(headers['access-control-expose-headers']).toLowerCase().split(/, ?/)
    for (const name of ['location', 'retry-after', 'allow', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']) t.ok(exposed.includes(name), name)
  }
})

t.test('a preflight succeeds for every path, and may be cached', async t => {
  const { app, createBox } = await build(t, { prefix: '/p', rateLimit: { reads: 1, stores: 1, creates: 1 } })
  const box = await createBox()
  for (let i = 0; i < 3; i++) {
    for (const url of ['/p/boxes', box.url, box.messages, `${box.url}/cursor`, '/p/box.php', '/p/box.php/', `${box.url}/ice-servers`, '/p/boxes/none/messages']) {
      const { statusCode, headers, body } = await app.inject({ url, ...preflight })
      t.equal(statusCode, 204, url)
      t.equal(body, '')
      t.equal(headers['access-control-allow-origin'], '*')
      t.same(String(headers['access-control-allow-methods']).split(', ').sort(), ['DELETE', 'GET', 'HEAD', 'POST', 'PUT'])
      t.match(String(headers['access-control-allow-headers']).toLowerCase(), /authorization.*content-type.*idempotency-key.*last-event-id.*\*/)
      t.equal(headers['access-control-max-age'], '86400')
      t.equal(headers['cache-control'], 'max-age=86400')
    }
  }
})

t.test('the host answers for its own paths, even if they begin like ours', async t => {
  for (const cors of [true, [origin]]) {
    const { app } = await build(t, { cors, after: app => app.get('/boxes-admin', async () => 'own') })
    for (const url of ['/boxes-admin', '/boxes-other', '/problemsx', '/box.phpx']) {
      const { statusCode, headers } = await app.inject({ url, ...preflight })
      t.equal(statusCode, 404, url)
      t.notOk('access-control-allow-origin' in headers)
    }
    for (const url of ['/boxes', '/boxes/', '/boxes/x', '/problems/x', '/box.php']) t.equal((await app.inject({ url, ...preflight })).statusCode, 204, url)
  }
})

t.test('cors names the origins that may call', async t => {
  for (const cors of [[origin, 'https://other.example'], origin]) {
    const { app } = await build(t, { cors })
    const allowed = await app.inject({ method: 'POST', url: '/boxes', headers: { origin } })
    t.equal(allowed.headers['access-control-allow-origin'], origin)
    const { headers } = await app.inject({ method: 'POST', url: '/boxes', headers: { origin: 'https://evil.example' } })
    t.not(headers['access-control-allow-origin'], '*')
    t.not(headers['access-control-allow-origin'], 'https://evil.example')
    t.equal((await app.inject({ url: '/boxes', ...preflight })).headers['access-control-allow-origin'], origin)
  }
  const { app } = await build(t, { cors: [origin, 'https://other.example'] })
  t.match((await app.inject({ method: 'POST', url: '/boxes', headers: { origin } })).headers.vary, /origin/i)
})

t.test('Vary names what both CORS and the media type depend on', async t => {
  const { app, createBox } = await build(t, { cors: [origin, 'https://other.example'] })
  const box = await createBox()
  const { vary } = (await app.inject({ url: box.messages, headers: { origin } })).headers
  t.match(vary, /origin/i)
  t.match(vary, /accept/i)
})

t.test('with cors off, there are no CORS headers', async t => {
  const { app } = await build(t, { cors: false })
  const { headers } = await app.inject({ method: 'POST', url: '/boxes', headers: { origin } })
  t.notOk(Object.keys(headers).some(name => name.startsWith('access-control')))
  isProblem(t, await app.inject({ url: '/boxes', ...preflight }), 405, 'BOX_ERR_METHOD')
})

t.test('every response on a box forbids caching, indexing, sniffing and referrers', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const request of [
    { method: 'POST' as const, url: '/boxes' }, { url: box.messages }, { method: 'HEAD' as const, url: box.messages }, { method: 'DELETE' as const, url: box.messages },
    { url: '/box.php' }, { url: '/box.php?box=x' }, { url: '/boxes/x/messages' }, { url: `${box.messages}?x` }, { method: 'PATCH' as const, url: box.messages },
    { url: `${box.url}/x` }, { method: 'PROPFIND' as 'GET', url: box.messages }, { method: 'POST' as const, url: box.messages, payload: 'x' }, { method: 'DELETE' as const, url: box.url }
  ]) {
    const { headers } = await app.inject(request)
    t.match(headers, {
      'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', 'x-robots-tag': 'noindex'
    }, `${request.method ?? 'GET'} ${request.url.slice(0, 10)}`)
  }
})
