import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { createBox, isProblem } from './helpers/build.js'
import { closed } from './helpers/closed.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const page = await readFile(join(root, 'docs/host.md'), 'utf8')
const directory = await mkdtemp(join(tmpdir(), 'signalbox-host-'))
t.teardown(() => rm(directory, { recursive: true, force: true }))
await mkdir(join(directory, 'node_modules'))
for (const name of ['fastify', '@fastify', 'close-with-grace']) await symlink(join(root, 'node_modules', name), join(directory, 'node_modules', name))
await symlink(root, join(directory, 'node_modules/fastify-signalbox'))

const recipes = [...page.matchAll(/^## (.*)\n|^```js\n([^]*?)^```$/gm)].reduce<Record<string, string[]>>((found, [, title, code]) => {
  if (title !== undefined) found[title] = []
  else Object.values(found).at(-1)?.push(code ?? '')
  return found
}, {})
const unused = new Set(Object.entries(recipes).flatMap(([title, codes]) => codes.map((_, index) => `${title} ${index}`)))

let hosts = 0

/** The host that a section makes. @param change a text of the page, and what stands there in the test */
async function host (t: Test, title: string, index = 0, ...change: [string, string][]): Promise<FastifyInstance> {
  const code = change.reduce((text, [from, to]) => text.replace(from, to), recipes[title]![index]!)
  unused.delete(`${title} ${index}`)
  const file = join(directory, `host-${++hosts}.mjs`)
  await writeFile(file, `${code.replaceAll("path: './", `path: '${directory}/`)}\nexport { fastify }\n`)
  const { fastify } = await import(pathToFileURL(file).href)
  t.teardown(() => fastify.close())
  await fastify.ready()
  return fastify
}

const preflight = { method: 'OPTIONS' as const, url: '/boxes', headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } }
const authorization = 'Bearer secret'

t.test('several registrations', async t => {
  const app = await host(t, 'Encapsulation')
  const box = await createBox(app, '/calls')
  t.equal((await box.store(1)).statusCode, 200)
  isProblem(t, await app.inject({ url: `/games/boxes/${box.id}/messages` }), 404, 'BOX_ERR_NOT_FOUND')
})

t.test('boxes in the host\'s own code', async t => {
  const app = await host(t, 'Boxes in your own code', 0, ['Fastify({ logger: true })', 'Fastify()'])
  const visitor = await createBox(app, '/signal')
  const { drop } = (await app.inject({ method: 'POST', url: '/visits' })).json()
  const say = async (payload: object) => await app.inject({ method: 'POST', url: `/signal/boxes/${drop}/messages`, payload })
  await say([])
  await say({ replyTo: visitor.drop, text: 'hello' })
  t.same((await visitor.read('?wait=25')).json().data, [{ echo: 'hello' }])
})

t.test('the host is told of a message for a user', async t => {
  const lines: string[] = []
  Reflect.set(globalThis, 'lines', lines)
  const app = await host(t, 'Boxes in your own code', 1, ['logger: true', 'logger: { stream: { write: line => { globalThis.lines.push(line) } } }'])
  const { drop } = (await app.inject({ method: 'POST', url: '/boxes', headers: { 'x-user': 'ada' } })).json()
  // The second is a retry.
  for (const key of ['a', 'a', 'b']) await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, payload: [key], headers: { 'idempotency-key': key } })
  const told = lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'A message is waiting')
  t.match(told, [{ user: 'ada' }])
  t.equal(told.length, 1)
})

t.test('a website that the host\'s CORS does not allow is refused', async t => {
  const app = await host(t, 'CORS')
  const create = async (origin: string) => await app.inject({ method: 'POST', url: '/boxes', headers: { origin, 'sec-fetch-site': 'cross-site' } })
  t.equal((await create('https://app.example')).statusCode, 201)
  isProblem(t, await create('https://evil.example'), 403, 'BOX_ERR_CROSS_SITE')
})

t.test('logins in the guard and in a hook let preflights pass', async t => {
  for (const index of [0, 1]) {
    const app = await host(t, 'Logins', index)
    t.equal((await app.inject(preflight)).statusCode, 204)
    const create = async (headers = {}) => await app.inject({ method: 'POST', url: '/boxes', headers })
    t.match((await create()).json(), { status: 401, detail: 'Log in first.' })
    const { drop } = (await create({ authorization })).json()
    t.equal((await app.inject({ method: 'POST', url: `/boxes/${drop}/messages`, payload: {} })).statusCode, index === 0 ? 200 : 401)
  }
})

t.test('a header set by a hook is on every response, including streams', async t => {
  const app = await host(t, 'Headers on every response')
  const box = await createBox(app)
  t.equal((await box.read()).headers['x-served-by'], 'host')
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const leave = new AbortController()
  const { headers } = await fetch(origin + box.messages, { headers: { accept: 'text/event-stream' }, signal: leave.signal })
  leave.abort()
  t.match(Object.fromEntries(headers), { 'content-type': /^text\/event-stream/, 'x-served-by': 'host' })
})

/** Requests by which a box's id gets to where it should not: known routes, unknown ones, and broken ones. */
async function stray (app: FastifyInstance): Promise<{ canary: RegExp, answers: LightMyRequestResponse[] }> {
  const box = await createBox(app)
  await box.store('hello')
  const urls = [box.messages, box.url, `/BOXES/${box.id}/messages`, `/${box.id}`, `/boxes/${box.id}/%zz`, `/box.php?box=${box.id}&msg=x`, `/boxes/${box.id}/ice-servers`]
  const answers = []
  for (const url of urls) answers.push(await app.inject({ url }), await app.inject({ method: 'PATCH', url }))
  return { canary: new RegExp([box.id, box.drop].map(id => id.slice(5)).join('|')), answers }
}

t.test('the host\'s own log and responses contain no capability', async t => {
  const lines: string[] = []
  Reflect.set(globalThis, 'lines', lines)
  const app = await host(t, 'Logs', 0, ['logger: {', "logger: { level: 'trace', stream: { write: line => { globalThis.lines.push(line) } },"])
  const { canary, answers } = await stray(app)
  t.same(lines.filter(line => canary.test(line)), [])
  t.same(answers.filter(({ body }) => canary.test(body)).map(({ body }) => body), [])
  t.ok(lines.length > answers.length)
})

t.test('no exported span contains a capability', async t => {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  t.teardown(async () => {
    trace.disable()
    await provider.shutdown()
  })
  const exported = (): string[] => exporter.getFinishedSpans().map(({ name, attributes, events, status, links }) => JSON.stringify({ name, attributes, events, status, links }))
  const { canary } = await stray(await host(t, 'Tracing'))
  t.same(exported().filter(span => canary.test(span)), [])
  t.ok(exported().some(span => span.includes('"url.path":"/boxes/:box/messages"')))

  exporter.reset()
  const careless = await stray(await host(t, 'Tracing', 0, ['requestHook', 'lifecycleHook']))
  t.ok(exported().some(span => careless.canary.test(span)), 'without the setting it would be found')
})

t.test('behind a proxy, the client\'s address is the one from the named proxy', async t => {
  const app = await host(t, 'Behind a proxy', 0, ['register(boxPlugin)', 'register(boxPlugin, { rateLimit: { creates: 1 } })'])
  const create = async (client: string, remoteAddress: string) =>
    (await app.inject({ method: 'POST', url: '/boxes', remoteAddress, headers: { 'x-forwarded-for': client } })).statusCode
  t.same([await create('192.0.2.1', '127.0.0.1'), await create('192.0.2.1', '127.0.0.1'), await create('192.0.2.2', '127.0.0.1')], [201, 429, 201])
  t.same([await create('192.0.2.3', '198.51.100.1'), await create('192.0.2.4', '198.51.100.1')], [201, 429], 'a stranger\'s header is not believed')
})

t.test('a message that never ends is cut off', async t => {
  const app = await host(t, 'Unfinished requests', 0, ['requestTimeout: 30_000', 'requestTimeout: 200'], ['headersTimeout: 10_000', 'headersTimeout: 100, connectionsCheckingInterval: 50'])
  const { drop } = await createBox(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`POST /boxes/${drop}/messages HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhello`)
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1.1 408/)
  await closed(socket)
  t.equal(app.server.maxConnections, 4096)
})

t.test('closing ends open streams and long-polls', async t => {
  const app = await host(t, 'Closing', 0, ['closeWithGrace(', 'globalThis.grace = closeWithGrace('])
  t.teardown(() => { Reflect.get(globalThis, 'grace').uninstall() })
  const box = await createBox(app)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const open = await fetch(origin + box.messages, { headers: { accept: 'text/event-stream' } })
  await app.close()
  await t.resolves(open.text().catch(() => {}))
})

t.test('every program on the page was run', async t => {
  t.same([...unused], [])
})
