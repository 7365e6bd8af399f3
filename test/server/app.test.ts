import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { memoryStore } from '../../src/store/memory.js'
import { StoreError } from '../../src/errors.js'
import { isProblem } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { hang } from './hang.js'
import { request, sendRaw } from './raw.js'
import { serve } from './serve.js'

/** A call page as the build makes one. */
async function builtPage (t: Test): Promise<URL> {
  const directory = t.testdir()
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>page</title>')
  await writeFile(join(directory, 'assets/page-K7QXW2LA.js'), 'export {}')
  await writeFile(join(directory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  return pathToFileURL(`${directory}/`)
}

t.test('the box routes, the contract and Swagger UI are served at the root', async t => {
  const { app } = await serve(t)
  const created = await app.inject({ method: 'POST', url: '/boxes' })
  t.equal(created.statusCode, 201)
  t.match(created.headers.location, /^\/boxes\/box_/)
  t.equal((await app.inject('/box.php')).json().type, 'created')
  t.equal((await app.inject('/openapi.json')).json().openapi, '3.1.0')
  t.match((await app.inject('/docs/')).body, /swagger-ui/)
  t.same((await app.inject(`${created.headers.location}/ice-servers`)).json().iceServers, [])
})

t.test('the configuration reaches the plugin', async t => {
  const { app } = await serve(t, ['--max-ttl=100', '--ttl=50', '--rate-limit-creates=1', '--cors-origin=https://a.example', '--ice-urls=stun:a.example', '--max-message-bytes=10'])
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', payload: { ttl: 101 } }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes', headers: { origin: 'https://a.example' } }), 429, 'BOX_ERR_RATE')
  const preflight = await app.inject({ method: 'OPTIONS', url: '/boxes', headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' } })
  t.equal(preflight.headers['access-control-allow-origin'], 'https://a.example')
  const { drop } = (await app.inject({ url: '/box.php', remoteAddress: '192.0.2.1' })).json()
  t.same((await app.inject(`/boxes/${drop}/ice-servers`)).json().iceServers, [{ urls: ['stun:a.example'] }])
})

t.test('the call page, the metrics, the contract and Swagger UI count against one limit, and health checks against none', async t => {
  const { app } = await serve(t, ['--rate-limit-files=7'], { page: await builtPage(t) })
  const urls = ['/', '/assets/page-K7QXW2LA.js', '/favicon.svg', '/metrics', '/openapi.json', '/docs/', '/problems']
  for (const url of urls) t.equal((await app.inject({ url })).statusCode, 200, url)
  for (const url of urls) {
    const refused = await app.inject({ url })
    isProblem(t, refused, 429, 'BOX_ERR_RATE')
    t.match(refused.headers, { 'retry-after': /^\d+$/, 'ratelimit-limit': '7' }, url)
    t.not(refused.headers['cache-control'], 'no-cache', url)
    t.notMatch(refused.headers, { 'cache-control': /immutable/ }, url)
    t.equal((await app.inject({ url, remoteAddress: '192.0.2.1' })).statusCode, 200, 'another address')
  }
  for (const url of ['/health/live', '/health/ready']) t.equal((await app.inject({ url })).statusCode, 200, url)
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
})

t.test('what is refused before anything is looked up counts against no limit', async t => {
  const { app } = await serve(t, ['--rate-limit-creates=1', '--rate-limit-stores=1', '--rate-limit-reads=1', '--rate-limit-files=1', '--cors-origin=none'])
  const site = { origin: 'https://a.example', 'sec-fetch-site': 'cross-site' }
  const requests = [
    [404, { url: '/nothing' }],
    [404, { url: '/boxes/a/b/c' }],
    [405, { method: 'PATCH', url: '/boxes' }],
    [405, { method: 'PUT', url: '/metrics' }],
    [403, { method: 'POST', url: '/boxes', headers: site }],
    [417, { method: 'POST', url: '/boxes', headers: { expect: 'a miracle' } }]
  ] as const
  for (const [status, request] of [...requests, ...requests]) {
    const { statusCode, headers } = await app.inject(request)
    t.equal(statusCode, status)
    t.notOk('ratelimit-remaining' in headers)
  }
  t.match(await app.inject({ method: 'POST', url: '/boxes' }), { statusCode: 201, headers: { 'ratelimit-remaining': '0' } })
})

t.test('X-Forwarded-For is trusted only from a named proxy', async t => {
  const addresses = async (flags: string[]): Promise<string> => {
    const { app, logs } = await serve(t, flags)
    await app.inject({ url: '/nowhere', remoteAddress: '10.0.0.1', headers: { 'x-forwarded-for': '203.0.113.9' } })
    return /"remoteAddress":"([^"]+)"/.exec(logs())?.[1] ?? ''
  }
  t.equal(await addresses([]), '10.0.0.1')
  t.equal(await addresses(['--trust-proxy=192.168.0.0/16']), '10.0.0.1')
  t.equal(await addresses(['--trust-proxy=10.0.0.0/8']), '203.0.113.9')
})

t.test('an unknown path gets a problem document, whatever is sent to it', async t => {
  const { app } = await serve(t)
  isProblem(t, await app.inject('/nowhere'), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject({ method: 'POST', url: '/nowhere', headers: { 'content-type': 'text/xml' }, payload: '<' }), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject({ method: 'DELETE', url: '/nowhere', headers: { 'content-type': 'application/json' }, payload: '{' }), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject('/..%2f..%2fpackage.json'), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject('/boxes/%zz'), 400, 'BOX_ERR_INVALID')
})

t.test('every response forbids MIME sniffing and referrers', async t => {
  const { app } = await serve(t, [], { page: await builtPage(t) })
  for (const url of ['/', '/favicon.svg', '/docs', '/docs/', '/docs/static/swagger-ui.css', '/docs/json', '/openapi.json', '/openapi-3.0.json', '/problems/full', '/metrics', '/health/live', '/health/ready', '/nowhere', '/boxes/%zz', '/box.php']) {
    t.match((await app.inject(url)).headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, url)
  }
})

t.test('an unsupported method is refused with the supported ones', async t => {
  const { app } = await serve(t)
  for (const url of ['/', '/health/live', '/health/ready', '/metrics', '/docs/', '/docs/json']) {
    const answer = await app.inject({ method: 'POST', url })
    isProblem(t, answer, 405, 'BOX_ERR_METHOD')
    t.equal(answer.headers.allow, 'GET, HEAD')
    t.equal((await app.inject({ method: 'HEAD', url })).statusCode, 200)
  }
  isProblem(t, await app.inject({ method: 'POST', url: '/docs/nowhere' }), 404, 'BOX_ERR_NO_ROUTE')
})

t.test('a health check that finds nothing wrong is not logged', async t => {
  const { app, logs } = await serve(t)
  await app.inject('/health/live')
  await app.inject('/health/ready')
  t.equal(logs(), '')
  await app.inject('/nowhere')
  t.match(logs(), /request completed/)
})

t.test('health: live while the process responds, ready while its store does', async t => {
  const store = memoryStore()
  const { app } = await serve(t, [], { store })
  t.same((await app.inject('/health/live')).json(), { status: 'ok' })
  t.same((await app.inject('/health/ready')).json(), { status: 'ok' })
  const lines: string[] = []
  app.log.error = (_: unknown, line?: string) => { lines.push(String(line)) }
  store.check = async () => { throw new StoreError() }
  await app.inject('/health/ready')
  const away = await app.inject('/health/ready')
  isProblem(t, away, 503, 'BOX_ERR_STORE')
  t.ok(Number(away.headers['retry-after']) > 0)
  t.same(lines, ['Not ready: the store check failed'], 'logged once')
  t.equal((await app.inject('/health/live')).statusCode, 200)
  store.check = async () => {}
  t.equal((await app.inject('/health/ready')).statusCode, 200, 'and again')
})

t.test('a server that is shutting down is not ready, and finishes requests in progress', async t => {
  const store = memoryStore()
  const create = store.create.bind(store)
  let go = () => {}
  const held = new Promise<void>(resolve => { go = resolve })
  const asked = new Promise<void>(resolve => {
    store.create = async (...args) => {
      resolve()
      await held
      await create(...args)
    }
  })
  const { app, listen } = await serve(t, [], { store })
  const port = await listen()
  const probe = connect(port, '127.0.0.1').setEncoding('utf8')
  probe.write('GET /health/ready HTTP/1.1\r\nHost: a\r\n')
  const post = request(port, 'POST', '/boxes')
  await asked
  const closing = app.close()
  while (app.server.listening) await new Promise(resolve => setTimeout(resolve, 1))
  probe.write('\r\n')
  t.match((await once(probe, 'data'))[0], /^HTTP\/1\.1 503 [^]*connection: close[^]*BOX_ERR_CLOSING/i)
  go()
  t.equal((await post).status, 201)
  await closing
})

t.test('metrics cover requests by route, the store by operation, and the process', async t => {
  const { app } = await serve(t)
  const { data: id } = (await app.inject({ method: 'POST', url: '/boxes' })).json()
  await app.inject(`/boxes/${id}/messages`)
  await app.inject('/boxes/box_unknown/messages')
  await app.inject('/nowhere/at/all')
  const { body, headers } = await app.inject('/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  for (const line of [
    'http_request_duration_seconds_count{method="GET",route="/boxes/:box/messages",status="200"} 1',
    'http_request_duration_seconds_count{method="GET",route="/boxes/:box/messages",status="404"} 1',
    'http_request_duration_seconds_count{method="GET",route="none",status="404"} 1',
    'signalbox_store_operation_seconds_count{store="memory",operation="create",outcome="ok"} 1',
    'signalbox_store_operation_seconds_count{store="memory",operation="read",outcome="ok"} 1',
    'signalbox_waiters 0'
  ]) t.ok(body.includes(`${line}\n`), line)
  t.match(body, /^process_resident_memory_bytes \d+/m)
})

t.test('each request is logged in one line, with its route and its outcome', async t => {
  const { app, logs } = await serve(t)
  await app.inject({ method: 'POST', url: '/boxes' })
  const lines = logs().trim().split('\n').map(line => JSON.parse(line))
  t.match(lines, [{ level: 30, req: { method: 'POST', url: '/boxes', remoteAddress: '127.0.0.1' }, res: { statusCode: 201 }, responseTime: Number }])
  t.equal(lines.length, 1)
})

t.test('the call page runs only its own files', async t => {
  const { app } = await serve(t, [], { page: await builtPage(t) })
  const page = await app.inject('/')
  t.equal(page.statusCode, 200)
  t.match(page.body, /<title>page/)
  t.match(page.headers, {
    'content-type': /^text\/html/,
    'content-security-policy': /^default-src 'none';.*script-src 'self';style-src 'self'$/,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cache-control': 'no-cache'
  })
  t.notMatch(page.headers['content-security-policy'], /unsafe|\*|https?:/)
  const script = await app.inject('/assets/page-K7QXW2LA.js')
  t.match(script.headers, { 'content-type': /javascript/, 'cache-control': 'public, max-age=31536000, immutable' }, 'a name with a hash is for ever')
  t.equal((await app.inject('/favicon.svg')).headers['cache-control'], 'no-cache')
  isProblem(t, await app.inject('/assets/'), 404, 'BOX_ERR_NO_ROUTE')
  isProblem(t, await app.inject('/assets/page-OTHER.js'), 404, 'BOX_ERR_NO_ROUTE')
})

t.test('the call page is sent compressed to whoever accepts that', async t => {
  const page = await builtPage(t)
  const compressed = brotliCompressSync('<!doctype html><title>page</title>')
  await writeFile(new URL('index.html.br', page), compressed)
  const { app } = await serve(t, [], { page })
  const { headers, rawPayload } = await app.inject({ url: '/', headers: { 'accept-encoding': 'gzip, deflate, br' } })
  t.match(headers, { 'content-type': /^text\/html/, 'content-encoding': 'br', vary: 'accept-encoding' })
  t.same(rawPayload, compressed)
  const plain = await app.inject('/')
  t.equal(plain.headers['content-encoding'], undefined)
  t.match(plain.body, /<title>page/)
  isProblem(t, await app.inject('/index.html.br'), 404, 'BOX_ERR_NO_ROUTE')
})

t.test('without a built page, the root says so', async t => {
  const { app } = await serve(t, [], { page: pathToFileURL(`${t.testdir()}/`) })
  t.match((await app.inject('/')).body, /^signalbox is running\. .*npm run build/)
})

t.test('the page\'s policy does not affect the box routes, which any origin may call', async t => {
  const { app } = await serve(t)
  const { headers } = await app.inject({ method: 'POST', url: '/boxes', headers: { origin: 'https://b.example' } })
  t.equal(headers['access-control-allow-origin'], '*')
  t.equal(headers['cross-origin-resource-policy'], undefined)
  t.equal(headers['content-security-policy'], undefined)
})

t.test('malformed input gets a problem document, and its connection ends', async t => {
  const { app, listen } = await serve(t)
  const port = await listen()
  app.server.headersTimeout = 200
  app.server.requestTimeout = 200
  const answers = await Promise.all([
    sendRaw(port, 'HELLO\r\n\r\n'),
    sendRaw(port, 'GET /health/live HTTP/1.1\r\nHost: a\r\nX-A'),
    sendRaw(port, 'POST /boxes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{'),
    sendRaw(port, `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(66_000)}\r\n\r\n`)
  ])
  t.same(answers.map(({ status, body }) => [status, JSON.parse(body).code]), [
    [400, 'BOX_ERR_INVALID'], [408, 'BOX_ERR_TIMEOUT'], [408, 'BOX_ERR_TIMEOUT'], [431, 'BOX_ERR_HEADERS']
  ])
  for (const { headers } of answers) t.match(headers, /content-type: application\/problem\+json[^]*connection: close/i)
})

t.test('where cors allows it, a page can read a refusal from before its request reached a route', async t => {
  for (const [flags, allowed] of [[[], true], [['--cors-origin=none'], false]] as const) {
    const { listen } = await serve(t, [...flags])
    const port = await listen()
    const answers = await Promise.all([
      sendRaw(port, 'HELLO\r\n\r\n'),
      sendRaw(port, `POST /boxes HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(66_000)}\r\n\r\n`),
      sendRaw(port, 'POST /boxes HTTP/1.1\r\nConnection: close\r\n\r\n'),
      sendRaw(port, 'POST /boxes HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n'),
      sendRaw(port, 'POST /boxes/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    ])
    t.same(answers.map(({ status }) => status), [400, 431, 400, 417, 400])
    for (const { headers } of answers) t.equal(/^access-control-allow-origin: \*$/im.test(headers), allowed, headers)
  }
})

t.test('a request without exactly one Host, or with an unknown Expect, gets a problem document', async t => {
  const { listen } = await serve(t)
  const port = await listen()
  const ask = (...lines: string[]) => sendRaw(port, [...lines, 'Connection: close', '', ''].join('\r\n'))
  const refused = await Promise.all([
    ask('GET /health/live HTTP/1.1'),
    ask('GET /health/live HTTP/1.1', 'Host: a', 'host: b'),
    ask('GET /nowhere HTTP/1.1', 'Host: a', 'HOST: a'),
    ask('POST /boxes HTTP/1.1', 'Host: a', 'Expect: tea', 'Content-Length: 0')
  ])
  t.same(refused.map(({ status, body }) => [status, JSON.parse(body).code]), [
    [400, 'BOX_ERR_INVALID'], [400, 'BOX_ERR_INVALID'], [400, 'BOX_ERR_INVALID'], [417, 'BOX_ERR_EXPECTATION']
  ])
  for (const { headers } of refused) t.match(headers, /content-type: application\/problem\+json/i)
  t.equal((await ask('GET /health/live HTTP/1.0')).status, 200, 'HTTP/1.0 has no Host')
  const continued = await ask('POST /boxes HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 0')
  t.equal(continued.status, 100)
  t.match(continued.body, /^HTTP\/1\.1 201/)
})

t.test('a classic message of 60,000 characters fits in the URL', async t => {
  const { listen } = await serve(t)
  const port = await listen()
  const { data: id } = JSON.parse((await request(port, 'GET', '/box.php')).body)
  const stored = await request(port, 'GET', `/box.php?box=${id}&msg=${'m'.repeat(60_000)}`)
  t.equal(stored.body, '{"type":"ack","data":1}')
})

t.test('two parties exchange a real offer and answer through either API', async t => {
  const { app } = await serve(t)
  const fixture = (name: string): Promise<string> => readFile(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')
  const [offer, answer] = await Promise.all([fixture('offer'), fixture('answer')])
  const json = async (request: InjectOptions | string): Promise<any> => (await app.inject(request)).json()
  const headers = { 'content-type': 'application/json' }

  const host = await json({ method: 'POST', url: '/boxes' })
  const guest = await json({ method: 'POST', url: '/boxes' })
  await app.inject({ method: 'POST', url: `/boxes/${host.drop}/messages`, headers, payload: JSON.stringify(guest.drop) })
  const [drop] = (await json(`/boxes/${host.data}/messages`)).data
  await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, headers, payload: offer })
  t.same((await json(`/boxes/${guest.data}/messages`)).data, [JSON.parse(offer)])
  await app.inject({ method: 'POST', url: `/boxes/${host.drop}/messages`, headers, payload: answer })
  t.same((await json(`/boxes/${host.data}/messages?after=1`)).data, [JSON.parse(answer)])

  const classic = (query: Record<string, string>) => json(`/box.php?${new URLSearchParams(query)}`)
  const { data: box } = await classic({})
  for (const [i, message] of [offer, answer].entries()) t.same(await classic({ box, msg: message }), { type: 'ack', data: i + 1 })
  t.same(await classic({ box }), { type: 'msgs', data: [offer, answer] })
  t.same(await classic({ box }), { type: 'msgs', data: [] })
})

t.test('garbage after a request does not end up in the response in progress', async t => {
  const { listen } = await serve(t)
  const port = await listen()
  const { data: id } = JSON.parse((await request(port, 'POST', '/boxes')).body)
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  socket.on('data', chunk => {
    text += chunk
    if (text.includes(': open')) socket.write('GARBAGE\r\n\r\n')
  })
  socket.on('error', () => {})
  socket.write(`GET /boxes/${id}/messages HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n`)
  await closed(socket)
  t.match(text, /: open/)
  t.equal(text.match(/HTTP\/1\.1/g)?.length, 1)
})

t.test('a busy start does not make a ready server refuse requests', async t => {
  const { app } = await serve(t)
  for (let i = 0; i < 3; i++) await hang()
  await app.ready()
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
})

t.test('under pressure, requests are refused at once, but health checks are not', async t => {
  const { app } = await serve(t)
  await app.ready()
  const isRefused = async (): Promise<boolean> => (await app.inject('/problems')).statusCode === 503
  while (!await isRefused()) await hang()
  const refused = await app.inject({ method: 'POST', url: '/boxes' })
  isProblem(t, refused, 503, 'BOX_ERR_BUSY')
  t.equal(refused.headers['retry-after'], '2')
  t.equal(refused.headers['access-control-allow-origin'], '*')
  t.equal((await app.inject('/health/live')).statusCode, 200)
  t.match((await app.inject('/metrics')).body, /^signalbox_shed_requests_total [1-9]/m)
  while (await isRefused()) await new Promise(resolve => setTimeout(resolve, 50))
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201, 'and it passes')
})

t.test('clients of PeerJS are served where that is asked for', async t => {
  const off = await serve(t)
  t.equal((await off.app.inject('/peerjs/peerjs/id')).statusCode, 404)

  const { app, listen } = await serve(t, ['--peerjs=/peerjs', '--rate-limit-stores=7'])
  t.match((await app.inject('/peerjs/peerjs/id')).body, /^[0-9a-f-]{36}$/)
  const port = await listen()
  const upgrade = (protocol: string) => `Host: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`
  const answers = async (head: string, body = '') => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(`${head}\r\n${body}`)
    return String((await once(socket, 'data'))[0])
  }
  t.match(await answers(`GET /peerjs/peerjs?key=peerjs&id=a&token=b HTTP/1.1\r\n${upgrade('websocket')}`), /^HTTP\/1.1 101 /)
  t.match(await answers(`GET /boxes HTTP/1.1\r\n${upgrade('websocket')}`), /^HTTP\/1.1 400 [^]*BOX_ERR_INVALID/, 'no other path upgrades')
  const body = '{"ttl":60}'
  t.match(await answers(`POST /boxes HTTP/1.1\r\n${upgrade('h2c')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body),
    /^HTTP\/1.1 201 /, 'what asks for HTTP/2, as Java does, is a request like any other')
})

t.test('so are those of y-webrtc, also beside the others', async t => {
  const off = await serve(t)
  t.equal((await off.app.inject('/yjs')).statusCode, 404)

  const { listen } = await serve(t, ['--peerjs=/peerjs', '--y-webrtc=/yjs'])
  const url = `ws://127.0.0.1:${await listen()}`
  const socket = new WebSocket(`${url}/yjs`)
  await once(socket, 'open')
  socket.send('{"type":"subscribe","topics":["notes"]}')
  socket.send('{"type":"publish","topic":"notes","data":1}')
  t.equal(String((await once(socket, 'message'))[0]), '{"type":"publish","topic":"notes","data":1,"clients":1}')
  const peer = new WebSocket(`${url}/peerjs/peerjs?key=peerjs&id=a&token=b`)
  t.equal(String((await once(peer, 'message'))[0]), '{"type":"OPEN"}')
})
