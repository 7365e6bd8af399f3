import net, { type AddressInfo } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import { build, isProblem, json, jsonText } from '../helpers/build.js'
import { request } from '../server/raw.js'

/** What each path has; the rest is refused. */
const table: Array<[path: (id: string) => string, allow: string]> = [
  [() => '/boxes', 'POST'],
  [() => '/boxes?x=1', 'POST'],
  [() => '/streams', 'POST'],
  [id => `/boxes/${id}`, 'PUT, DELETE'],
  [id => `/boxes/${id}/messages`, 'GET, HEAD, POST, DELETE'],
  [id => `/boxes/${id}/cursor`, 'PUT'],
  [id => `/box.php?box=${id}`, 'GET'],
  [id => `/box.php/?box=${id}`, 'GET'],
  [id => `/boxes/${id}/ice-servers`, 'GET, HEAD']
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'OPTIONS', 'PROPFIND', 'SEARCH'] as const

t.test('every other method is 405 with Allow, on every path, and changes nothing', async t => {
  const { app, createBox } = await build(t, { cors: false })
  const box = await createBox()
  await box.store('a')
  for (const [path, allow] of table) {
    for (const method of METHODS) {
      if (allow.split(', ').includes(method)) continue
      const answer = await app.inject({ method: method as 'GET', url: path(box.id) })
      if (method === 'HEAD') t.equal(answer.statusCode, 405)
      else isProblem(t, answer, 405, 'BOX_ERR_METHOD')
      t.equal(answer.headers.allow, allow, `${method} ${path('…')}`)
      t.equal(answer.headers['cache-control'], 'no-store')
    }
  }
  t.same((await box.read()).json().data, ['a'])
})

const routers: Array<[how: string, options: FastifyServerOptions, respell: (url: string) => string]> = [
  ['ignoring case', { routerOptions: { caseSensitive: false } }, url => url.replace(/boxes|streams|messages|cursor|problems/g, word => word.toUpperCase())],
  ['ignoring case, set in the old place', { caseSensitive: false }, url => url.replace(/boxes|streams|messages|cursor|problems/g, word => word.toUpperCase())],
  ['ignoring duplicate slashes', { routerOptions: { ignoreDuplicateSlashes: true } }, url => url.replaceAll('/', '//')],
  ['ignoring trailing slashes', { routerOptions: { ignoreTrailingSlash: true } }, url => url.replace(/\/?(?=\?|$)/, '/')]
]
for (const [how, server, respell] of routers) {
  t.test(`a router ${how} also does so for refusals`, async t => {
    const { app, createBox } = await build(t, { server, cors: false })
    const box = await createBox()
    for (const [path, allow] of [...table, [() => '/problems/not-found', 'GET, HEAD'] as const]) {
      for (const method of ['PATCH', 'TRACE'] as const) {
        const answer = await app.inject({ method: method as 'GET', url: respell(path(box.id)) })
        isProblem(t, answer, 405, 'BOX_ERR_METHOD')
        t.equal(answer.headers.allow, allow, `${method} ${respell(path('…'))}`)
      }
    }
  })
}

t.test('a request line with a full URL, as sent to a proxy, is refused the same way', async t => {
  const { app } = await build(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  for (const method of ['PATCH', 'PROPFIND']) {
    const { status, headers } = await request(port, method, 'http://test/boxes')
    t.equal(status, 405)
    t.match(headers, /^allow: POST$/m)
  }
})

t.test('the body of a refused method is ignored', async t => {
  const { app } = await build(t)
  for (const type of ['application/json', 'application/xml']) {
    isProblem(t, await app.inject({ method: 'PUT', url: '/boxes', headers: { 'content-type': type }, payload: '{' }), 405, 'BOX_ERR_METHOD')
  }
})

t.test('other paths below a resource are 404 and do not echo the URL', async t => {
  const { app, createBox } = await build(t, { prefix: '/p' })
  const { id } = await createBox()
  for (const path of [`/boxes/${id}/`, `/boxes/${id}/message`, `/boxes/${id}/messages/1`, `/boxes/${id}/cursor/`, '/boxes//messages', `/boxes/${id}/messages%2F1`]) {
    for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND'] as const) {
      const answer = await app.inject({ method: method as 'GET', url: `/p${path}` })
      t.equal(answer.statusCode, 404, `${method} ${path}`)
      t.match(answer.headers['content-type'], 'application/problem+json')
      t.notMatch(answer.body, /box_|\/p\/(?!problems\/)/, 'nothing below the prefix but the type of the problem')
    }
  }
})

t.test('an id that is too long for the router is a box that is not found', async t => {
  const { app } = await build(t)
  for (const id of ['a'.repeat(101), `box_${'A'.repeat(5000)}`]) {
    isProblem(t, await app.inject({ url: `/boxes/${id}/messages` }), 404, 'BOX_ERR_NOT_FOUND')
    isProblem(t, await app.inject({ method: 'POST', url: `/boxes/${id}/messages`, ...json(1) }), 404, 'BOX_ERR_NOT_FOUND')
    isProblem(t, await app.inject({ method: 'DELETE', url: `/boxes/${id}` }), 404, 'BOX_ERR_NOT_FOUND')
    isProblem(t, await app.inject({ method: 'PATCH', url: `/boxes/${id}` }), 405, 'BOX_ERR_METHOD')
  }
})

t.test('a HEAD gets the headers of a GET without the body, and changes nothing', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  for (const [url, accept] of [[box.messages, '*/*'], [`${box.messages}?after=1`, '*/*'], [`${box.url}/ice-servers`, '*/*'], [`${box.messages}?after=9`, '*/*'], [`${box.messages}?limit=0`, '*/*'], [box.messages, 'text/html']] as const) {
    const [head, get] = await Promise.all((['HEAD', 'GET'] as const).map(method => app.inject({ method, url, headers: { accept } })))
    t.equal(head!.statusCode, get!.statusCode, url.slice(-10))
    t.equal(head!.body, '')
    const { date: _, ...headers } = get!.headers
    t.match(head!.headers, headers)
  }
  const stream = await app.inject({ method: 'HEAD', url: box.messages, headers: { accept: 'text/event-stream' } })
  t.match(stream, { statusCode: 200, headers: { 'content-type': 'text/event-stream' }, body: '' })
  t.equal((await app.inject({ method: 'HEAD', url: `${box.messages}?after=1&wait=60` })).statusCode, 200, 'at once')
  t.same((await box.read()).json().data, ['a'])
})

t.test('a request that ends in the middle of its body stores nothing', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await new Promise<void>(resolve => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(`POST ${box.messages} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n"abc"`, () => {
        setImmediate(() => { socket.resetAndDestroy() })
      })
    })
    socket.on('error', () => {}).on('close', () => { resolve() })
  })
  await app.inject({ method: 'POST', url: box.messages, ...json('whole') })
  t.same((await box.read()).json().data, ['whole'])
})

t.test('no operation but storing takes a body of more than 1 KiB', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  await box.store('a')
  const large = jsonText(JSON.stringify(Array(512).fill({})))
  for (const [method, url] of [['POST', '/boxes'], ['DELETE', box.messages], ['DELETE', box.url], ['PUT', `${box.url}/cursor`]] as const) {
    isProblem(t, await app.inject({ method, url, ...large }), 413, 'BOX_ERR_TOO_LARGE')
  }
  t.same((await box.read()).json().data, ['a'])
})
