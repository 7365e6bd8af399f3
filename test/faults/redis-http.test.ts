import t, { type Test } from 'tap'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { needs } from '../helpers/needs.js'
import { RedisServer, startCluster, until } from '../helpers/redis-server.js'

const skip = needs('redis-server')

const LIMIT = 10

t.test('two server processes on one Redis', { skip }, async t => {
  const server = await RedisServer.start(t, ['--appendonly', 'yes'])
  const [one, two] = await startPair(t, server.url)

  t.test('what is stored through one is read, polled and streamed through the other', async t => {
    await acrossProcesses(t, one, two)
  })

  t.test('while Redis is down, requests get 503 with Retry-After; open streams continue once it is back', async t => {
    const { data: box, drop } = await post(`${one}/boxes`) as { data: string, drop: string }
    const stream = await openStream(t, `${two}/boxes/${box}/messages`)

    await server.kill()
    for (const path of ['/boxes', `/boxes/${drop}/messages`]) {
      const answer = await fetch(one + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      t.match(await answer.json(), { status: 503, code: 'BOX_ERR_STORE' })
      t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
    }
    t.equal((await fetch(`${one}/ready`)).status, 503)
    await server.run()
    for (const url of [one, two]) await until(async () => (await fetch(`${url}/ready`)).ok)
    t.same(await post(`${one}/boxes/${drop}/messages`, 'after'), { type: 'ack', data: 1, seq: 1 })
    t.same(await stream.next(), { id: '1', data: '"after"' })
  })

  t.test('they share one rate limit; while Redis is down, each limits on its own', async t => {
    const create = async (url: string): Promise<number> => (await fetch(`${url}/limited/boxes`, { method: 'POST' })).status
    const count = (statuses: number[]): Record<string, number> => Object.fromEntries(
      [...new Set(statuses)].map(status => [status, statuses.filter(other => other === status).length]))

    const shared: number[] = []
    for (let i = 0; i < LIMIT; i++) shared.push(await create(one), await create(two))
    t.same(count(shared), { 201: LIMIT, 429: LIMIT })

    await server.kill()
    for (const url of [one, two]) {
      const alone: number[] = []
      for (let i = 0; i < 2 * LIMIT; i++) alone.push(await create(url))
      t.same(count(alone), { 503: LIMIT, 429: LIMIT }, 'neither everyone refused nor everyone let in')
    }
  })
})

t.test('two server processes on a Cluster', { skip }, async t => {
  const nodes = await startCluster(t)
  await acrossProcesses(t, ...await startPair(t, nodes.map(({ url }) => url).join()))
})

async function acrossProcesses (t: Test, one: string, two: string): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const { data: box, drop } = await post(`${one}/boxes`) as { data: string, drop: string }
    t.equal((await fetch(`${two}/boxes/${drop}/messages`)).status, 403)

    const held = fetch(`${two}/boxes/${box}/messages?wait=10`).then(answer => answer.json())
    const stream = await openStream(t, `${two}/boxes/${box}/messages`)
    t.same(await post(`${one}/boxes/${drop}/messages`, { round }), { type: 'ack', data: 1, seq: 1 })
    t.same(await stream.next(), { id: '1', data: JSON.stringify({ round }) })
    t.same(await held, { type: 'msgs', data: [{ round }], next: 1 })

    const delays: number[] = []
    for (let i = 0; i < 100; i++) {
      const begun = performance.now()
      const [event] = await Promise.all([stream.next(), post(`${one}/boxes/${drop}/messages`, i)])
      delays.push(performance.now() - begun)
      if (event?.data !== String(i)) t.fail('not the next message', { event, i })
    }
    t.comment(`stored through one process and come by stream from another: ${delays.sort((a, b) => a - b)[50]?.toFixed(1)} ms (p50)`)
    t.equal((await fetch(`${one}/boxes/${box}`, { method: 'DELETE' })).status, 204)
    t.match(await stream.next(), { event: 'gone' })
    t.equal(await stream.next(), undefined, 'the stream ends')
  }
}

/** Two server processes on this Redis, ended with the test: their origins. */
async function startPair (t: Test, redis: string): Promise<[string, string]> {
  return await Promise.all([startHttp(t, redis), startHttp(t, redis)])
}

async function startHttp (t: Test, redis: string): Promise<string> {
  const child = fork(new URL('../helpers/redis-http-server.ts', import.meta.url), [redis, String(LIMIT)])
  t.teardown(async () => {
    const exited = once(child, 'exit')
    child.disconnect()
    const [code] = await exited
    if (code !== 0) throw new Error(`a server process ended with ${code}`)
  })
  const [{ port }] = await once(child, 'message') as [{ port: number }]
  return `http://127.0.0.1:${port}`
}

async function post (url: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return await (await fetch(url, { method: 'POST', ...init })).json()
}

interface StreamEvent {
  id?: string
  event?: string
  data?: string
}

/** An open event stream; `next` is its next event, undefined at its end. */
async function openStream (t: Test, url: string): Promise<{ next: () => Promise<StreamEvent | undefined> }> {
  const abort = new AbortController()
  t.teardown(() => { abort.abort() })
  const answer = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: abort.signal })
  const events = (async function * (): AsyncGenerator<StreamEvent> {
    let text = ''
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const blocks = text.split('\n\n')
      text = blocks.pop() as string
      for (const block of blocks) {
        const event = Object.fromEntries(block.split('\n').filter(line => /^(?:id|event|data): /.test(line)).map(line => line.split(/: (.*)/s, 2)))
        if ('data' in event) yield event
      }
    }
  })()
  return { next: async () => (await events.next()).value as StreamEvent | undefined }
}
