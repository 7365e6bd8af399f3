import t, { type Test } from 'tap'
import { BusyError, StoreError } from '../../src/errors.js'
import { build, isProblem, json, jsonText, type BuildOptions } from '../helpers/build.js'
import { openStream, watchedStore } from '../helpers/stream-reader.js'
import { until } from '../helpers/until.js'

/** A listening app, a box in it, and the address of its messages. */
async function setUp (t: Test, options: BuildOptions = {}) {
  const watch = watchedStore()
  const built = await build(t, { store: watch.store, ...options })
  const origin = await built.app.listen({ host: '127.0.0.1', port: 0 })
  const box = await built.createBox()
  return { ...built, watch, origin, box, url: origin + box.messages }
}

t.test('a stream starts with the messages in the box and continues with new ones', async t => {
  const { box, url, watch } = await setUp(t)
  await box.store({ type: 'offer' })
  await box.store('b')
  const reader = await openStream(t, url)
  t.equal(reader.response.statusCode, 200)
  await reader.until(({ events }) => events.length === 2)
  t.match(reader.text, /^retry: \d+\n/, 'the first bytes come at once')
  await box.store('c')
  await reader.until(({ events }) => events.length === 3)
  t.same(reader.events, [{ id: '1', data: '{"type":"offer"}' }, { id: '2', data: '"b"' }, { id: '3', data: '"c"' }])
  t.notMatch(reader.text, /^event:/m, 'so that onmessage fires')
  t.same((await box.read()).json().data.length, 3, 'a stream takes nothing')
  reader.leave()
  await watch.until(0)
})

t.test('a stream\'s headers forbid caching and buffering, and allow other origins', async t => {
  const { url } = await setUp(t, { rateLimit: { reads: 5 } })
  const { response } = await openStream(t, url, { origin: 'https://app.example' })
  t.match(response.headers, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
    'access-control-allow-origin': '*',
    'ratelimit-limit': '5',
    vary: 'Accept'
  })
  t.notOk('content-length' in response.headers)
})

t.test('Last-Event-ID resumes like after, and takes precedence over it', async t => {
  const { box, url } = await setUp(t)
  for (const value of [1, 2, 3, 4]) await box.store(value)
  const ids = async (query: string, headers: Record<string, string> = {}) => {
    const reader = await openStream(t, url + query, headers)
    await reader.until(({ events }) => events.at(-1)?.id === '4')
    reader.leave()
    return reader.events.map(({ id }) => Number(id))
  }
  t.same(await ids(''), [1, 2, 3, 4])
  t.same(await ids('?after=2'), [3, 4])
  t.same(await ids('', { 'last-event-id': '3' }), [4])
  t.same(await ids('?after=1', { 'last-event-id': '3' }), [4])
  t.same(await ids('?after=3', { 'last-event-id': '0' }), [1, 2, 3, 4])
  t.same(await ids('?after=3', { 'last-event-id': '' }), [4], 'an empty one is none')
})

t.test('an invalid request is refused before the stream opens', async t => {
  const { app, box } = await setUp(t)
  await box.store('a')
  const ask = (query: string, lastEventId?: string) => app.inject({
    url: box.messages + query, headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
  })
  isProblem(t, await ask('?after=2'), 409, 'BOX_ERR_CURSOR')
  isProblem(t, await ask('', '2'), 409, 'BOX_ERR_CURSOR')
  for (const id of ['a', '-1', '1.5', '1e3', ' ', '9999999999999999']) isProblem(t, await ask('', id), 400, 'BOX_ERR_INVALID')
  isProblem(t, await ask('?limit=0'), 400, 'BOX_ERR_INVALID')
})

t.test('a backlog longer than one read arrives completely and in order, even while it grows', async t => {
  const { box, url } = await setUp(t, { maxMessages: 1000 })
  for (let i = 1; i <= 300; i++) await box.store(i)
  const reader = await openStream(t, url)
  for (let i = 301; i <= 400; i++) await box.store(i)
  await reader.until(({ text }) => text.includes('id: 400\n'))
  t.same(reader.events.map(({ id, data }) => [id, data]), Array.from({ length: 400 }, (_, i) => [String(i + 1), String(i + 1)]))
})

t.test('a message sent in several lines is streamed as several data lines', async t => {
  const { app, box, url } = await setUp(t)
  const texts = ['{\n  "a":\r\n1,\r"b": 2\n}', '\n1\n', '[\r\r]']
  for (const text of texts) await app.inject({ method: 'POST', url: box.messages, ...jsonText(text) })
  const reader = await openStream(t, url)
  await reader.until(({ events }) => events.length === 3)
  t.same(reader.events.map(({ data }) => JSON.parse(data)), texts.map(text => JSON.parse(text)))
})

t.test('a quiet stream has a comment every heartbeat', async t => {
  const { url } = await setUp(t, { heartbeat: 1 })
  const reader = await openStream(t, url)
  await reader.until(({ text }) => (text.match(/^:/gm)?.length ?? 0) >= 3)
  t.same(reader.events, [])
})

t.test('a box that is deleted or expires ends its streams with a gone event', async t => {
  const { app, clock, box, createBox, origin, url } = await setUp(t)
  const deleted = await openStream(t, url)
  await app.inject({ method: 'DELETE', url: box.url })
  await deleted.untilEnd()
  t.match(deleted.events, [{ event: 'gone' }])
  t.ok(deleted.response.complete)

  const short = await createBox({ ttl: 1 })
  const expired = await openStream(t, origin + short.messages)
  clock.turn(2)
  await expired.untilEnd()
  t.match(expired.events, [{ event: 'gone' }])
})

t.test('a box that is opened again at once ends the streams of the one before with a gone event', async t => {
  const { app, clock, watch, box, url } = await setUp(t)
  await box.store('a')
  const reader = await openStream(t, url)
  await reader.until(({ events }) => events.length === 1)
  await Promise.all([
    watch.store.delete(box.drop, clock.now()),
    watch.store.open(box.drop, 60_000, clock.now(), { maxMessages: 10, maxBoxBytes: 1_000 })
  ])
  await reader.untilEnd()
  t.match(reader.events[1], { event: 'gone' })
  t.equal((await app.inject({ url: box.messages })).statusCode, 200)
})

t.test('a stream keeps its box alive', async t => {
  const { clock, createBox, origin } = await setUp(t)
  clock.run()
  const box = await createBox({ ttl: 1 })
  const reader = await openStream(t, origin + box.messages)
  await new Promise(resolve => setTimeout(resolve, 1500))
  t.equal((await box.store('late')).statusCode, 200)
  await reader.until(({ events }) => events.length === 1)
})

t.test('one message wakes every stream and long-poll on its box', async t => {
  const { box, url, watch } = await setUp(t)
  const readers = await Promise.all([1, 2, 3].map(() => openStream(t, url)))
  const held = box.read('?wait=60')
  await watch.until(4)
  await box.store('a')
  for (const reader of readers) await reader.until(({ events }) => events.length === 1)
  t.same((await held).json().data, ['a'])
})

t.test('streams and long-polls share the limits per box and per address', async t => {
  const { box, url, createBox, watch } = await setUp(t, { maxWaiters: 2, rateLimit: { waiters: 3 } })
  const [first] = [await openStream(t, url), await openStream(t, url)]
  t.equal((await openStream(t, url)).response.statusCode, 429)
  isProblem(t, await box.read('?wait=5'), 429, 'BOX_ERR_RATE')
  const other = await createBox()
  const held = other.read('?wait=60')
  await watch.until(3)
  isProblem(t, await (await createBox()).read('?wait=5'), 429, 'BOX_ERR_RATE')
  first.leave()
  await watch.until(2)
  t.equal((await openStream(t, url)).response.statusCode, 200, 'a reader that goes frees its places at once')
  await other.store('a')
  await held
})

t.test('acknowledging and draining do not make a stream lose messages still in the box', async t => {
  const { app, box, url } = await setUp(t)
  const reader = await openStream(t, url)
  await box.store('a')
  await reader.until(({ events }) => events.length === 1)
  await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: 1 }) })
  await box.store('b')
  await reader.until(({ events }) => events.length === 2)
  await app.inject({ method: 'DELETE', url: box.messages })
  await box.store('c')
  await reader.until(({ events }) => events.length === 3)
  t.same(reader.events.map(({ id }) => id), ['1', '2', '3'])
})

t.test('a store failure ends a stream without revealing the reason', async t => {
  const { box, url, watch } = await setUp(t)
  const reader = await openStream(t, url)
  const { read } = watch.store
  watch.store.read = async () => { throw new Error('canary') }
  await box.store('a')
  await reader.untilEnd()
  t.notMatch(reader.text, 'canary')
  t.same(reader.events, [], 'not gone: the reader comes back')
  watch.store.read = read
  t.equal(watch.open, 0)
  await (await openStream(t, url)).until(({ events }) => events.length === 1)
})

for (const error of [new StoreError(), new BusyError()]) {
  t.test(`a stream outlives a store that fails with ${error.code}`, async t => {
    const { box, url, watch } = await setUp(t)
    const reader = await openStream(t, url)
    const { read } = watch.store
    let failed = 0
    watch.store.read = async () => {
      failed++
      throw error
    }
    await box.store('a')
    await until(() => failed > 0)
    watch.store.read = read
    await box.store('b')
    await reader.until(({ events }) => events.length === 2)
    t.same(reader.events.map(({ id }) => id), ['1', '2'])
  })
}

t.test('without rate limits, the waiters on a box are still limited', async t => {
  const { url } = await setUp(t, { rateLimit: false, maxWaiters: 1 })
  await openStream(t, url)
  t.equal((await openStream(t, url)).response.statusCode, 429)
})
