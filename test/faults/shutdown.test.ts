import { once } from 'node:events'
import http, { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { openStream, type StreamReader } from '../helpers/stream-reader.js'
import { ServerProcess, temporaryDirectory } from '../helpers/server-process.js'

const FLAGS = ['--host=127.0.0.1', '--rate-limit=off', '--max-waiters=2000', '--max-messages=1000000', `--max-box-bytes=${1 << 30}`]

interface Answer {
  status: number
  body: string
}

/** One request on the agent's connections, or the error that there was instead of an answer. */
function ask (url: string, method: string, agent: Agent | false, body?: string): Promise<Answer | Error> {
  return new Promise(resolve => {
    const request: ClientRequest = http.request(url, { method, agent, headers: body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response: IncomingMessage) => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => { text += chunk }).on('end', () => { resolve({ status: response.statusCode ?? 0, body: text }) }).on('error', resolve)
    })
    request.on('error', resolve)
    request.end(body)
  })
}

async function createBox (url: string): Promise<string> {
  const answer = await fetch(`${url}/boxes`, { method: 'POST' })
  return ((await answer.json()) as { data: string }).data
}

/** Posts numbered messages one after the other until the server takes no more. @returns the numbers that were acknowledged */
async function postUntilRefused (url: string, agent: Agent, next: () => number): Promise<{ acknowledged: number[], odd: Answer[] }> {
  const acknowledged: number[] = []
  const odd: Answer[] = []
  for (;;) {
    const number = next()
    const answer = await ask(url, 'POST', agent, String(number))
    if (answer instanceof Error) return { acknowledged, odd }
    if (answer.status === 200) acknowledged.push(number)
    else odd.push(answer)
  }
}

async function endsCleanly (t: Test, streams: number, polls: number, writers: number): Promise<void> {
  const flags = [...FLAGS, `--store=lmdb:${await temporaryDirectory(t)}`]
  const server = await ServerProcess.start(t, flags)
  const watched = await createBox(server.url)
  const written = await createBox(server.url)
  const messages = `${server.url}/boxes/${watched}/messages`

  const readers: StreamReader[] = []
  for (let i = 0; i < streams; i += 50) {
    readers.push(...await Promise.all(Array.from({ length: Math.min(50, streams - i) }, () => openStream(t, messages))))
  }
  await Promise.all(readers.map(reader => reader.until(({ text }) => text.includes(': open'))))
  const held = Array.from({ length: polls }, () => ask(`${messages}?wait=25`, 'GET', false))
  await waiting(server.url, streams + polls)

  const agent = new Agent({ keepAlive: true, maxSockets: writers })
  t.teardown(() => { agent.destroy() })
  const sent = { count: 0 }
  const posting = Array.from({ length: writers }, () => postUntilRefused(`${server.url}/boxes/${written}/messages`, agent, () => sent.count++))
  while (sent.count < writers * 3) await new Promise(resolve => setTimeout(resolve, 5))

  const start = Date.now()
  const exit = await server.kill('SIGTERM')
  const took = Date.now() - start
  t.same([exit.code, exit.signal, exit.stderr], [0, null, ''], 'exit 0, and nothing to complain of')
  t.ok(took < 3_000, `within 3 s (${took} ms)`)

  const polled = await Promise.all(held)
  t.same(new Set(polled.map(answer => answer instanceof Error ? answer.message : `${answer.status} ${answer.body}`)),
    new Set(['200 {"type":"msgs","data":[],"next":0}']), 'every long-poll got a response')
  await Promise.all(readers.map(reader => reader.untilEnd()))
  t.ok(readers.every(({ response }) => response.complete), 'every stream comes to its end and is not cut')

  const posts = await Promise.all(posting)
  t.same(posts.flatMap(({ odd }) => odd), [], 'no post is turned away that was let in')
  const acknowledged = posts.flatMap(({ acknowledged }) => acknowledged)
  t.ok(acknowledged.length > 0)
  await t.test('a message is stored if and only if its sender got a 2xx', async t => {
    const again = await ServerProcess.start(t, flags)
    const stored = await readAll(`${again.url}/boxes/${written}/messages`)
    t.same(stored.toSorted((a, b) => a - b), acknowledged.toSorted((a, b) => a - b))
  })
}

/** Until the server itself says that as many wait. */
async function waiting (url: string, count: number): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    if (metrics.includes(`\nsignalbox_waiters ${count}\n`)) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function readAll (messages: string): Promise<number[]> {
  const all: number[] = []
  for (let after = 0; ;) {
    const page = await (await fetch(`${messages}?after=${after}&limit=1000`)).json() as { data: number[], next: number }
    if (page.data.length === 0) return all
    all.push(...page.data)
    after = page.next
  }
}

t.test('SIGTERM with 50 streams, 10 long-polls and 16 writers', async t => {
  await endsCleanly(t, 50, 10, 16)
})

t.test('SIGTERM with 1,000 streams, 100 long-polls and 16 writers', async t => {
  await endsCleanly(t, 1_000, 100, 16)
})

t.test('SIGINT does the same as SIGTERM', async t => {
  const server = await ServerProcess.start(t, ['--store=memory:'])
  t.same((await server.kill('SIGINT')).code, 0)
})

/** A request whose headers the server has seen, and whose body never comes. */
async function unfinished (t: Test, url: string): Promise<void> {
  const request = http.request(`${url}/boxes`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': 10, expect: '100-continue' } })
  t.teardown(() => request.destroy())
  request.on('error', () => {})
  request.flushHeaders()
  await once(request, 'continue')
}

t.test('a second signal ends the server at once', async t => {
  const server = await ServerProcess.start(t, ['--store=memory:', '--host=127.0.0.1'])
  await unfinished(t, server.url)
  const start = Date.now()
  server.signal('SIGTERM')
  await server.logged(/Received SIGTERM, shutting down/)
  server.signal('SIGTERM')
  t.equal((await server.exited()).code, 1)
  t.ok(Date.now() - start < 3_000)
})

t.test('a request that never ends does not delay the exit beyond 10 s', async t => {
  const server = await ServerProcess.start(t, ['--store=memory:', '--host=127.0.0.1'])
  await unfinished(t, server.url)
  const start = Date.now()
  t.equal((await server.kill('SIGTERM')).code, 0)
  t.ok(Date.now() - start < 10_000)
})
