import http from 'node:http'
import { Readable } from 'node:stream'
import t from 'tap'
import { memoryStore } from '../../../src/store/memory.js'
import { build, isProblem, json, jsonText } from '../../helpers/build.js'

const text = (payload: string | Buffer, parameters = '') => ({ method: 'POST' as const, headers: { 'content-type': `text/plain${parameters}` }, payload })

t.test('messages are counted and numbered, by either capability', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const answer = await box.store({ type: 'offer' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.same(answer.json(), { type: 'ack', data: 1, seq: 1 })
  t.same((await app.inject({ method: 'POST', url: box.messages, ...json(null) })).json(), { type: 'ack', data: 2, seq: 2 })
  t.same((await box.read()).json(), { type: 'msgs', data: [{ type: 'offer' }, null], next: 2 })
})

t.test('a plain text becomes a JSON string', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const texts = ['Hello', '', '{"not":"parsed"}', 'a "quoted"\nline\r\n\u2028', '\ufeffbyte order mark', 'é 👋']
  for (const value of texts) t.equal((await app.inject({ url: box.messages, ...text(value) })).statusCode, 200)
  t.same((await box.read()).json().data, texts)
})

t.test('the only charset accepted is UTF-8', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const charset of ['; charset=utf-8', ';charset="UTF-8"', '; Charset=utf8', '; format=flowed; charset=utf-8']) {
    t.equal((await app.inject({ url: box.messages, ...text('é', charset) })).statusCode, 200, charset)
  }
  for (const charset of ['; charset=iso-8859-1', '; charset=utf-16', '; charset=', '; charset="utf-7"', '; CHARSET=utf-32', '; x="; charset=utf-8"; charset=utf-16']) {
    isProblem(t, await app.inject({ url: box.messages, ...text('é', charset) }), 415, 'BOX_ERR_MEDIA_TYPE')
  }
  t.same((await box.read()).json().data, ['é', 'é', 'é', 'é'])
})

t.test('other media types are refused, whatever the body', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const types = [
    'application/octet-stream', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/problem+json', 'application/jsonl',
    'application/json-seq', 'text/html', 'text/plainx', 'text/*', '*/*', 'application/json, text/plain', 'json', ';', '/'
  ]
  for (const type of types) {
    isProblem(t, await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': type }, payload: '{}' }), 415, 'BOX_ERR_MEDIA_TYPE')
  }
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, payload: Buffer.from('{}') }), 415, 'BOX_ERR_MEDIA_TYPE')
  for (const type of ['APPLICATION/JSON', ' application/json ; charset=utf-8', 'application/json; charset="utf-8" ']) {
    t.equal((await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': type }, payload: '1' })).statusCode, 200, type)
  }
  t.same((await box.read()).json().data, [1, 1, 1])
})

t.test('a body with a Content-Encoding is refused: it would be stored as something else', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  for (const coding of ['gzip', 'deflate', 'br', 'identity, gzip']) {
    isProblem(t, await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': 'text/plain', 'content-encoding': coding }, payload: 'x' }), 415, 'BOX_ERR_MEDIA_TYPE')
  }
  t.equal((await app.inject({ method: 'POST', url: box.messages, headers: { 'content-type': 'text/plain', 'content-encoding': 'identity' }, payload: 'x' })).statusCode, 200)
})

t.test('a request without a body is refused', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  isProblem(t, await app.inject({ method: 'POST', url: box.messages }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText('') }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText(' ') }), 400, 'BOX_ERR_INVALID')
})

t.test('a message may have up to maxMessageBytes', async t => {
  const { app, createBox } = await build(t, { maxMessageBytes: 100 })
  const box = await createBox()
  t.equal((await app.inject({ method: 'POST', url: box.messages, ...jsonText(`"${'a'.repeat(98)}"`) })).statusCode, 200)
  t.equal((await app.inject({ url: box.messages, ...text('a'.repeat(100)) })).statusCode, 200)
  isProblem(t, await app.inject({ method: 'POST', url: box.messages, ...jsonText(`"${'a'.repeat(99)}"`) }), 413, 'BOX_ERR_TOO_LARGE')
  const refused = await app.inject({ url: box.messages, ...text('é'.repeat(51)) })
  isProblem(t, refused, 413, 'BOX_ERR_TOO_LARGE')
  t.match(refused.json().detail, /at most 100 bytes/)
})

t.test('a message without Content-Length is limited too', async t => {
  const { app, createBox } = await build(t, { maxMessageBytes: 100 })
  const box = await createBox()
  const chunked = (length: number) => app.inject({
    method: 'POST', url: box.messages, headers: { 'content-type': 'text/plain' }, payload: Readable.from(['a'.repeat(length / 2), 'b'.repeat(length / 2)])
  })
  t.equal((await chunked(100)).statusCode, 200)
  isProblem(t, await chunked(102), 413, 'BOX_ERR_TOO_LARGE')
  t.equal((await box.read()).json().data.length, 1)
})

t.test('a sender that disconnects after its body has stored its message', async t => {
  const store = memoryStore()
  const { append } = store
  let asked = (): void => {}
  let go = (): void => {}
  const arrived = new Promise<void>(resolve => { asked = resolve })
  const left = new Promise<void>(resolve => { go = resolve })
  store.append = async (...args) => {
    asked()
    await left
    return append.apply(store, args)
  }
  const { app, createBox } = await build(t, { store })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const gone = new Promise<void>(resolve => { app.server.once('request', (_request, response) => { response.once('close', resolve) }) })
  const request = http.request(origin + box.messages, { agent: false, method: 'POST', headers: { 'content-type': 'text/plain' } }).on('error', () => {})
  request.end('last words')
  await arrived
  request.destroy()
  await gone
  const held = box.read('?wait=60')
  go()
  t.same((await held).json().data, ['last words'])
})

t.test('a full box refuses messages and keeps those it has', async t => {
  const { app, createBox } = await build(t, { maxMessages: 3, maxBoxBytes: 20 })
  const many = await createBox()
  for (const value of [1, 2, 3]) t.equal((await many.store(value)).statusCode, 200)
  isProblem(t, await many.store(4), 409, 'BOX_ERR_FULL')
  t.same((await many.read()).json().data, [1, 2, 3])
  await app.inject({ method: 'PUT', url: `${many.url}/cursor`, ...json({ after: 1 }) })
  t.same((await many.store(4)).json(), { type: 'ack', data: 3, seq: 4 }, 'a refused message takes no number')

  const large = await createBox()
  t.equal((await large.store('é'.repeat(8))).statusCode, 200, '18 bytes')
  isProblem(t, await large.store(123), 409, 'BOX_ERR_FULL')
  t.same((await large.store(12)).json(), { type: 'ack', data: 2, seq: 2 })
})

t.test('a full store refuses boxes and messages, and evicts nothing', async t => {
  const { app, createBox } = await build(t, { maxStoreBytes: 1_600 })
  const box = await createBox()
  t.equal((await box.store('a'.repeat(1000))).statusCode, 200)
  isProblem(t, await box.store('a'.repeat(1000)), 507, 'BOX_ERR_STORE_FULL')
  isProblem(t, await app.inject({ method: 'POST', url: '/boxes' }), 507, 'BOX_ERR_STORE_FULL')
  isProblem(t, await app.inject({ url: '/box.php' }), 507, 'BOX_ERR_STORE_FULL')
  t.equal((await box.read()).json().data.length, 1)
  await app.inject({ method: 'DELETE', url: box.messages })
  t.equal((await app.inject({ method: 'POST', url: '/boxes' })).statusCode, 201)
})

t.test('storing accepts no query parameters', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  isProblem(t, await app.inject({ method: 'POST', url: `${box.messages}?after=0`, ...json(1) }), 400, 'BOX_ERR_INVALID')
  t.same((await box.read()).json().data, [])
})

t.test('the response to a refused media type names the accepted ones', async t => {
  const { app, createBox } = await build(t)
  const box = await createBox()
  const send = (method: 'POST' | 'PUT', url: string) => app.inject({ method, url, headers: { 'content-type': 'application/xml' }, payload: '<a/>' })
  t.equal((await send('POST', box.messages)).json().detail, 'Send application/json or text/plain encoded in UTF-8.')
  t.equal((await send('PUT', `${box.url}/cursor`)).json().detail, 'Send application/json encoded in UTF-8.')
})
