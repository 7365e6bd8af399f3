import t from 'tap'
import { StoreError } from '../../src/errors.js'
import { memoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'
import { request, sendRaw, type RawAnswer } from './raw.js'
import { serve } from './serve.js'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A store that, for one box, fails in the two ways a store can, with the key in what it says. */
function brokenStore (): { store: Store, fail (drop: string): void } {
  const store = memoryStore()
  const broken = new Set<string>()
  const drain = store.drain.bind(store)
  store.drain = async (drop, now) => {
    if (broken.has(drop)) throw new Error(`no page for ${drop}`, { cause: new Error(`key ${drop}`) })
    return await drain(drop, now)
  }
  store.acknowledge = async drop => { throw Object.assign(new StoreError(), { cause: new Error(`key ${drop}`), key: drop }) }
  return { store, fail: drop => { broken.add(drop) } }
}

t.test('no capability or classic message is logged, put in a metric or echoed, whatever the response', async t => {
  const { store, fail } = brokenStore()
  const { app, listen, logs } = await serve(t, ['--log-level=trace', '--rate-limit-creates=2'], { store })
  app.server.requestTimeout = 300
  app.server.headersTimeout = 300
  const port = await listen()
  const created = await request(port, 'POST', '/boxes')
  const { data: id, drop } = JSON.parse(created.body)
  const message = 'canary-of-a-classic-message'
  const canaries = [id, drop, id.slice(4), drop.slice(5), message]
  const box = `/boxes/${id}`
  const keyed = { ...JSON_TYPE, 'idempotency-key': 'once' }
  const huge = 'x'.repeat(70_000)

  const answers = new Map<string, [status: number, answer: RawAnswer]>()
  const ask = async (status: number, what: string, answer: Promise<RawAnswer>): Promise<void> => { answers.set(what, [status, await answer]) }

  await ask(200, 'store', request(port, 'POST', `${box}/messages`, keyed, '"a"'))
  await ask(200, 'store by drop address', request(port, 'POST', `/boxes/${drop}/messages`, JSON_TYPE, '"b"'))
  await ask(200, 'read', request(port, 'GET', `${box}/messages`))
  await ask(200, 'classic store', request(port, 'GET', `/box.php?box=${drop}&msg=${message}`))
  await ask(200, 'classic drain', request(port, 'GET', `/box.php?box=${id}`))
  await ask(400, 'broken JSON', request(port, 'POST', `${box}/messages`, JSON_TYPE, `{"${id}"`))
  await ask(400, 'bad query', request(port, 'GET', `${box}/messages?after=${id}`))
  await ask(400, 'unknown query', request(port, 'GET', `${box}/messages?${id}=${drop}`))
  await ask(400, 'repeated query', request(port, 'GET', `/box.php?box=${id}&box=${drop}&msg=${message}`))
  await ask(400, 'broken escape', request(port, 'GET', `${box}%zz`))
  await ask(400, 'broken escape elsewhere', request(port, 'GET', `/%zz/${id}?box=${drop}`))
  await ask(400, 'a bad key', request(port, 'POST', `${box}/messages`, { ...JSON_TYPE, 'idempotency-key': `${id} ${drop}` }, '1'))
  await ask(403, 'drop address for reading', request(port, 'GET', `/boxes/${drop}/messages`))
  await ask(403, 'prefetch', request(port, 'GET', `/box.php?box=${id}&msg=${message}`, { 'sec-purpose': 'prefetch' }))
  await ask(404, 'unknown box', request(port, 'GET', `/boxes/${id.slice(0, -1)}~/messages?after=1`))
  await ask(404, 'no such address', request(port, 'GET', `/nowhere/${id}?box=${drop}`))
  await ask(404, 'no such address with a body', request(port, 'POST', `/nowhere/${id}`, JSON_TYPE, `{"${id}"`))
  await ask(404, 'no such file', request(port, 'GET', `/${id}.js`))
  await ask(404, 'no such document', request(port, 'GET', `/docs/static/${id}.js`))
  await ask(404, 'below a box', request(port, 'GET', `${box}/messages/${drop}`))
  await ask(404, 'a method nobody has', request(port, 'PROPFIND', `/nowhere/${id}`))
  await ask(405, 'another method', request(port, 'PUT', `${box}/messages?${drop}`))
  await ask(405, 'another method for classic', request(port, 'POST', `/box.php?box=${id}&msg=${message}`))
  await ask(408, 'a body that does not come', sendRaw(port, `POST ${box}/messages HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"${id}`))
  await ask(408, 'headers that do not come', sendRaw(port, `GET ${box}/messages HTTP/1.1\r\nX-Id: ${id}`))
  await ask(406, 'another type', request(port, 'GET', `${box}/messages`, { accept: `image/${id}` }))
  await ask(409, 'cursor ahead', request(port, 'GET', `${box}/messages?after=1000`))
  await ask(413, 'too large', request(port, 'POST', `${box}/messages`, JSON_TYPE, JSON.stringify(id + huge)))
  await ask(404, 'too long a parameter', request(port, 'GET', `${box}${id}${id}/messages`))
  await ask(415, 'another media type', request(port, 'POST', `${box}/messages`, { 'content-type': `image/${id}` }, 'x'))
  await ask(422, 'the key with another body', request(port, 'POST', `${box}/messages`, keyed, `"${message}"`))
  await ask(431, 'too long a URL', request(port, 'GET', `/box.php?box=${id}&msg=${message}${huge}`))
  await ask(431, 'too long a header', request(port, 'GET', `${box}/messages`, { 'x-long': id + huge }))
  await ask(400, 'no HTTP', sendRaw(port, `${id} ${drop}\r\n\r\n`))
  await ask(503, 'a store that does not answer', request(port, 'PUT', `${box}/cursor`, JSON_TYPE, '{"after":1}'))
  fail(drop)
  await ask(500, 'a store that breaks', request(port, 'DELETE', `${box}/messages`))
  await ask(201, 'the last create', request(port, 'POST', '/boxes'))
  await ask(429, 'one create too many', request(port, 'POST', `/boxes?${id}`, { 'x-id': id }))
  await ask(204, 'delete', request(port, 'DELETE', box))
  await ask(404, 'deleted', request(port, 'GET', `${box}/messages`))

  const leaks = (text: string): string[] => canaries.filter(canary => text.includes(canary))
  for (const [what, [status, { status: got, headers, body }]] of answers) {
    t.equal(got, status, `${what}: ${status}`)
    t.same(leaks(headers.replace(/^location: .*$/im, '')), [], `${what}: headers`)
    if (status < 400) continue
    t.same(leaks(body), [], `${what}: body`)
    t.match(headers, /content-type: application\/problem\+json/i, `${what}: a problem`)
    t.equal(JSON.parse(body).status, status, `${what}: its status`)
  }
  const metrics = await request(port, 'GET', '/metrics')
  t.match(metrics.body, /route="\/boxes\/:box\/messages",status="413"/)
  t.same(leaks(metrics.body), [], 'metrics')
  t.match(logs(), /"statusCode":413/)
  t.match(logs(), /no page for drop_…/, 'what went wrong is there to be read')
  t.same(leaks(logs()), [], 'logs')
})
