import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { createBoxClient, MAX_RESPONSE_BYTES } from '../../clients/typescript/src/http.js'
import { Scope } from '../../clients/typescript/src/scope.js'
import { Sender } from '../../clients/typescript/src/sender.js'
import { fakeBox, json, never, problem } from './fake.js'
import { quick } from './serve.js'

const stored = (seq: number) => json({ type: 'ack', data: seq, seq })

t.test('a message is posted as JSON', async t => {
  const { box, calls, operations } = fakeBox(t, () => json({ type: 'ack', data: 3, seq: 7 }))
  t.strictSame(await box.send({ a: ['ü', null] }), { seq: 7, count: 3 })
  await box.send('text')
  await box.send(null)
  t.strictSame(calls.map(({ body }) => body), ['{"a":["ü",null]}', '"text"', 'null'])
  t.strictSame(operations(), Array(3).fill('POST /messages'))
  t.ok(calls.every(({ request }) => request.headers.get('Content-Type') === 'application/json'))
})

t.test('a value that is not JSON is refused before anything is sent', async t => {
  const { box, calls } = fakeBox(t, () => stored(1))
  for (const value of [undefined, () => {}, Symbol('s'), 1n]) await t.rejects(box.send(value), TypeError)
  await t.rejects(box.send(undefined), { message: 'A message must be a JSON value, not undefined' })
  t.equal(calls.length, 0)
  t.match(await box.send(1), { seq: 1 }, 'and what follows is not held up')
})

t.test('a retry has the same key, and another message has another', async t => {
  const { box, calls } = fakeBox(t, (_call, n) => {
    if (n === 0) throw new TypeError('fetch failed')
    if (n === 1) return new Response('{"type":"ack","da', { headers: { 'Content-Type': 'application/json' } })
    if (n === 2) return problem(503, 'BOX_ERR_STORE')
    if (n === 3) return new Response('<html>', { status: 502 })
    return stored(n)
  })
  t.match(await box.send('a'), { seq: 4 })
  t.match(await box.send('a'), { seq: 5 })
  const keys = calls.map(({ request }) => request.headers.get('Idempotency-Key'))
  t.equal(new Set(keys.slice(0, 5)).size, 1)
  t.equal(new Set(keys).size, 2)
  t.match(keys[0], /^[\x21-\x7e]{20,64}$/)
})

t.test('Retry-After is waited for', async t => {
  const { box } = fakeBox(t, (_call, n) => n === 0 ? problem(429, 'BOX_ERR_RATE', { 'Retry-After': '1' }) : stored(1))
  const began = performance.now()
  await box.send('a')
  t.ok(performance.now() - began > 995)
})

t.test('messages are sent in the order of the calls, even after one that fails', async t => {
  const { box, calls } = fakeBox(t, ({ body }, n) => {
    if (n < 3) return problem(503, 'BOX_ERR_STORE')
    return body === '2' ? problem(413, 'BOX_ERR_TOO_LARGE') : stored(n)
  })
  const results = await Promise.allSettled([1, 2, 3].map(message => box.send(message)))
  t.strictSame(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
  t.strictSame(calls.map(({ body }) => body), ['1', '1', '1', '1', '2', '3'])
})

t.test('a sender has settled when all that it was given is sent or refused', async t => {
  const server = 'http://server.test'
  const done: string[] = []
  const options = { fetch: async () => done.length === 0 ? stored(1) : problem(409, 'BOX_ERR_FULL') }
  const sender = new Sender({ client: createBoxClient(server, options), server, options, path: { box: 'box_1' }, timings: quick, maxResponseBytes: MAX_RESPONSE_BYTES }, new Scope())
  const sent = sender.send(() => '1').then(() => done.push('sent'))
  const refused = sender.send(() => '2').catch(() => done.push('refused'))
  const settled = sender.settled().then(() => done.push('settled'))
  await Promise.all([sent, refused, settled])
  t.strictSame(done, ['sent', 'refused', 'settled'])
})

t.test('a box keeps nothing of what it has sent', async t => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const { box } = fakeBox(t, (_call, n) => stored(n + 1))
  const acks: WeakRef<object>[] = []
  for (let n = 0; n < 20; n++) acks.push(new WeakRef(await box.send(n)))
  // A WeakRef holds its target until the end of the current task.
  await new Promise(resolve => setImmediate(resolve))
  collectGarbage()
  const kept = acks.slice(0, -1).filter(ack => ack.deref() !== undefined)
  t.equal(kept.length, 0)
  await box.send('last')
})

t.test('a refusal is not retried', async t => {
  const { box, calls } = fakeBox(t, () => problem(409, 'BOX_ERR_FULL'))
  await t.rejects(box.send(1), { name: 'BoxError', code: 'BOX_ERR_FULL', status: 409, detail: 'detail of BOX_ERR_FULL' })
  t.equal(calls.length, 1)
})

t.test('it gives up eventually, with the last error', async t => {
  const { box, calls } = fakeBox(t, () => { throw new TypeError('fetch failed') }, { maxAttempts: 4 })
  await t.rejects(box.send(1), {
    name: 'TypeError', message: /^The server at http:\/\/server\.test\/prefix could not be reached/, cause: new TypeError('fetch failed')
  })
  t.equal(calls.length, 4)
})

t.test('it does not wait indefinitely for a response', async t => {
  const { box, calls } = fakeBox(t, (_call, n) => n < 2 ? never() : stored(1), { responseTimeout: 5 })
  t.match(await box.send(1), { seq: 1 })
  t.equal(calls.length, 3)
})

t.test('a signal aborts a send before it starts, in the queue, during the request and between retries', async t => {
  const reason = new Error('enough')
  const { box, calls } = fakeBox(t, ({ body }) => body === '"hang"' ? never() : problem(503, 'BOX_ERR_STORE'), { minDelay: 1e6, maxDelay: 1e6 })
  await t.rejects(box.send(1, { signal: AbortSignal.abort(reason) }), reason)
  t.equal(calls.length, 0)

  const first = new AbortController()
  const second = new AbortController()
  const sending = [box.send('hang', { signal: first.signal }), box.send('waiting', { signal: second.signal })]
  second.abort(reason)
  await t.rejects(sending[1]!, reason, 'not waiting for the one before')
  first.abort(reason)
  await t.rejects(sending[0]!, reason)

  const third = new AbortController()
  const retrying = box.send('again', { signal: third.signal })
  setTimeout(() => { third.abort(reason) }, 10)
  await t.rejects(retrying, reason)
  t.strictSame(calls.map(({ body }) => body), ['"hang"', '"again"'], 'and what was aborted in its turn was never sent')
})

t.test('close aborts what is being sent, and later sends are refused', async t => {
  const { box, calls } = fakeBox(t, never)
  const sending = box.send(1)
  setTimeout(() => { box.close() }, 5)
  await t.rejects(sending, { name: 'AbortError' })
  await t.rejects(box.send(2), { name: 'AbortError' })
  box.close()
  t.equal(calls.length, 1)
})
