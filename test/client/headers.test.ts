import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Box, createBoxClient, type RequestHeaders } from '../../clients/typescript/src/index.js'
import { fakeBox, isAck, json } from './fake.js'
import { serve, takeAll } from './serve.js'

/** A server that lets nobody pass without one of these tokens. */
async function withLogin (t: Test, ...tokens: string[]) {
  const { url } = await serve(t, {
    guard: ({ headers }) => {
      if (!tokens.includes(headers.authorization ?? '')) throw Object.assign(new Error('Log in first.'), { statusCode: 401, code: 'NO_LOGIN' })
    }
  })
  return url
}

const refused = { name: 'BoxError', status: 401, code: 'NO_LOGIN', detail: 'Log in first.' }

t.test('a box sends its headers with every request', async t => {
  const server = await withLogin(t, 'Bearer ok')
  const headers = { Authorization: 'Bearer ok' }
  const box = await Box.create(server, { headers })
  const outbox = Box.open(await box.dropLink(), { server, headers })
  await outbox.send('a')
  await outbox.send('b')
  t.strictSame((await box.read({ limit: 1 })).messages, [{ seq: 1, data: 'a' }])
  t.strictSame(await takeAll(box, 2), ['a', 'b'])
  t.strictSame((await box.read()).messages, [])

  const stranger = Box.open(box.link)
  const tries: Array<() => Promise<unknown>> = [
    () => stranger.send(1), () => stranger.read(), () => stranger.acknowledge(1), () => stranger.messages().next(), () => Box.create(server), () => stranger.delete()
  ]
  for (const attempt of tries) await t.rejects(async () => { await attempt() }, refused)
  await box.delete()
})

t.test('a function is called for each request, so that it can refresh a token', async t => {
  const server = await withLogin(t, 'Bearer 1', 'Bearer 2', 'Bearer 3')
  let n = 0
  const headers: RequestHeaders = async () => ({ Authorization: `Bearer ${++n}` })
  const box = await Box.create(server, { headers })
  await box.send(1)
  await box.read()
  await t.rejects(box.read(), refused)
  t.equal(n, 4)
})

t.test('a function that fails is retried, like a network failure', async t => {
  let n = 0
  const { url } = await serve(t)
  const box = await Box.create(url, {
    headers: () => {
      if (++n === 1) throw new Error('the login does not answer')
      return {}
    }
  })
  t.match(box.link, /box_/)
  t.equal(n, 2)
})

t.test('the client\'s own headers cannot be overridden', async t => {
  const { url } = await serve(t)
  const client = createBoxClient(url, {
    headers: { 'Content-Type': 'text/x-evil', 'X-Own': 'yes' },
    fetch: async input => {
      const request = input as Request
      t.equal(request.headers.get('content-type'), 'application/json')
      t.equal(request.headers.get('x-own'), 'yes')
      return await fetch(request)
    }
  })
  t.equal((await client.POST('/boxes', { body: { ttl: 60 } })).response.status, 201)
})

t.test('a link cannot send headers to another server', async t => {
  const link = `https://elsewhere.example/boxes/drop_${'A'.repeat(32)}`
  const headers = { Authorization: 'secret' }
  t.throws(() => Box.open(link, { headers }), { name: 'TypeError', message: /server/ })
  t.throws(() => Box.open(link, { headers, server: 'https://own.example' }), { name: 'TypeError', message: /option 'server'/ })
  t.equal(Box.open(link, { headers, server: 'https://elsewhere.example/' }).link, link)
})

t.test('without headers nothing is added', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call) ? json({ type: 'ack', data: 0 }) : json({ type: 'msgs', data: [], next: 0 }))
  await box.read()
  t.notOk(calls[0]!.request.headers.has('authorization'))
})

t.test('with headers, redirects are refused, since they may lead to another server', async t => {
  const seen: unknown[] = []
  const other = createServer((request, response) => {
    seen.push(request.headers['x-login'])
    response.end('{}')
  })
  const door = createServer((_request, response) => {
    response.writeHead(307, { location: `${urlOf(other)}/boxes` }).end()
  })
  for (const server of [other, door]) {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => { server.close() })
  }
  await t.rejects(Box.create(urlOf(door), { headers: { 'X-Login': 'secret' } }), { name: 'BoxError', status: 307, message: /redirects.*headers/ })
  t.strictSame(seen, [])
})

function urlOf (server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
