import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { BusyError, StoreError } from '../../../src/errors.js'
import { build, isProblem, json, jsonText, type BuildOptions, type TestBox } from '../../helpers/build.js'
import { openBoxStream, watchedStore, type StreamReader } from '../../helpers/stream-reader.js'
import { until } from '../../helpers/until.js'

async function setUp (t: Test, { boxes: count = 2, ...options }: BuildOptions & { boxes?: number } = {}) {
  const watch = watchedStore()
  const built = await build(t, { store: watch.store, ...options })
  const origin = await built.app.listen({ host: '127.0.0.1', port: 0 })
  const boxes: TestBox[] = []
  while (boxes.length < count) boxes.push(await built.createBox())
  const [one, two] = boxes as [TestBox, TestBox]
  return { ...built, watch, origin, boxes, one, two, ask: (body: unknown) => built.app.inject({ method: 'POST', url: '/streams', ...json(body) }) }
}

interface Sent { box: number, seq: number, data: unknown }

const sent = ({ events }: StreamReader): Sent[] => events.filter(({ event }) => event === undefined).map(({ data }) => JSON.parse(data))
const problems = ({ events }: StreamReader) => events.filter(({ event }) => event === 'problem').map(({ data }) => JSON.parse(data))

t.test('one stream has the messages of several boxes, old and new, each after its own cursor', async t => {
  const { origin, one, two, watch } = await setUp(t)
  for (const value of ['a', 'b']) await one.store(value)
  for (const value of ['x', 'y']) await two.store(value)
  const reader = await openBoxStream(t, origin, [{ id: two.id, after: 1 }, one])
  t.equal(reader.response.statusCode, 200)
  await reader.until(reader => sent(reader).length === 3)
  t.match(reader.text, /^retry: \d+\n: open\n\n/, 'the first bytes come at once')
  await one.store({ c: 1 })
  await two.store(null)
  await reader.until(reader => sent(reader).length === 5)
  t.same(sent(reader).filter(({ box }) => box === 0), [{ box: 0, seq: 2, data: 'y' }, { box: 0, seq: 3, data: null }])
  t.same(sent(reader).filter(({ box }) => box === 1), [{ box: 1, seq: 1, data: 'a' }, { box: 1, seq: 2, data: 'b' }, { box: 1, seq: 3, data: { c: 1 } }])
  t.notMatch(reader.text, /^(id|event):/m)
  t.notMatch(reader.text, /box_|drop_/, 'no capability comes back')
  t.same((await one.read()).json().data.length, 3, 'a stream takes nothing')
  reader.leave()
  await watch.until(0)
})

t.test('its headers forbid caching and buffering, and allow other origins', async t => {
  const { origin, one } = await setUp(t)
  const { response } = await openBoxStream(t, origin, [one], { origin: 'https://app.example' })
  t.match(response.headers, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'access-control-allow-origin': '*'
  })
})

t.test('a message sent in several lines stays one event', async t => {
  const { app, origin, one } = await setUp(t)
  await app.inject({ method: 'POST', url: one.messages, ...jsonText('{\n  "a":\r\n1,\r"b": 2\n}') })
  const reader = await openBoxStream(t, origin, [one])
  await reader.until(({ events }) => events.length === 1)
  t.same(sent(reader), [{ box: 0, seq: 1, data: { a: 1, b: 2 } }])
})

t.test('a box that cannot be read is a problem of its own, and the others go on', async t => {
  const { origin, one, two } = await setUp(t)
  await one.store('a')
  const list = [{ id: `box_${'A'.repeat(32)}` }, { id: two.drop }, { id: 'nothing' }, { id: two.id, after: 1 }, one]
  const reader = await openBoxStream(t, origin, list)
  await reader.until(({ events }) => events.length === 5)
  const found = problems(reader).sort((a, b) => a.box - b.box)
  t.match(found, [
    { box: 0, problem: { type: '/problems/not-found', status: 404, code: 'BOX_ERR_NOT_FOUND', title: /\S/, detail: /\.$/ } },
    { box: 1, problem: { status: 403, code: 'BOX_ERR_DROP_ONLY' } },
    { box: 2, problem: { status: 404, code: 'BOX_ERR_NOT_FOUND' } },
    { box: 3, problem: { status: 409, code: 'BOX_ERR_CURSOR' } }
  ])
  t.same(found[0].problem, found[2].problem, 'malformed and unknown ids look the same')
  await one.store('b')
  await reader.until(reader => sent(reader).length === 2)
})

t.test('a box that goes, or is opened again, is a problem, and the stream ends with its last box', async t => {
  const { app, clock, createBox, watch, origin, one } = await setUp(t)
  await one.store('a')
  const short = await createBox({ ttl: 1 })
  const again = await createBox()
  await again.store('b')
  const reader = await openBoxStream(t, origin, [one, short, again])
  await reader.until(reader => sent(reader).length === 2)
  await Promise.all([
    watch.store.delete(again.drop, clock.now()),
    watch.store.open(again.drop, 60_000, clock.now(), { maxMessages: 10, maxBoxBytes: 1_000 })
  ])
  await reader.until(reader => problems(reader).length === 1)
  clock.turn(2)
  await reader.until(reader => problems(reader).length === 2)
  await one.store('c')
  await reader.until(reader => sent(reader).length === 3)
  await app.inject({ method: 'DELETE', url: one.url })
  await reader.untilEnd()
  t.ok(reader.response.complete)
  t.match(problems(reader), [2, 1, 0].map(box => ({ box, problem: { status: 404, code: 'BOX_ERR_NOT_FOUND' } })))
  t.equal(watch.open, 0)
})

t.test('an invalid list is refused as a whole', async t => {
  const { ask, app, one, two } = await setUp(t, { maxStreamBoxes: 2 })
  for (const body of [{}, { boxes: [] }, { boxes: [one.id] }, { boxes: [{}] }, { boxes: [{ id: one.id, after: -1 }] }, { boxes: [{ id: one.id, after: '1' }] },
    { boxes: [{ id: 1 }] }, { boxes: [{ id: one.id, more: 1 }] }, { boxes: [{ id: 'x'.repeat(65) }] }, { boxes: [one, two, one].map(({ id }) => ({ id })) }, []]) {
    isProblem(t, await ask(body), 400, 'BOX_ERR_INVALID')
  }
  isProblem(t, await app.inject({ method: 'POST', url: '/streams' }), 400, 'BOX_ERR_INVALID')
  isProblem(t, await app.inject({ method: 'POST', url: '/streams', headers: { 'content-type': 'text/plain' }, payload: 'x' }), 415, 'BOX_ERR_MEDIA_TYPE')
  isProblem(t, await ask({ boxes: [{ id: one.id, more: 'x'.repeat(2000) }] }), 413, 'BOX_ERR_TOO_LARGE')
  isProblem(t, await app.inject({ url: '/streams' }), 405, 'BOX_ERR_METHOD')
})

t.test('a list of the largest size is accepted, also in several lines', async t => {
  const { app } = await setUp(t, { maxStreamBoxes: 64 })
  const boxes = Array.from({ length: 64 }, () => ({ id: `box_${'A'.repeat(32)}`, after: Number.MAX_SAFE_INTEGER }))
  const answer = await app.inject({ method: 'POST', url: '/streams', ...jsonText(JSON.stringify({ boxes }, null, 4)) })
  t.equal(answer.statusCode, 200)
  t.equal(answer.body.match(/^event: problem$/gm)?.length, 64)
})

t.test('each box counts as a read, and as a stream on that box; all of them are one stream of the address', async t => {
  const { ask, origin, boxes, one, two, watch } = await setUp(t, { boxes: 4, maxWaiters: 1, rateLimit: { waiters: 2, reads: 12 } })
  const first = await openBoxStream(t, origin, boxes)
  t.match(first.response.headers, { 'ratelimit-remaining': '8' })
  await watch.until(4)
  const second = await openBoxStream(t, origin, [one, two])
  await second.untilEnd()
  t.match(problems(second).map(({ problem }) => problem), [1, 2].map(() => ({ status: 429, code: 'BOX_ERR_RATE' })), 'the boxes have their streams')
  const gone = `box_${'A'.repeat(32)}`
  isProblem(t, await ask({ boxes: Array(7).fill({ id: gone }) }), 429, 'BOX_ERR_RATE')
  first.leave()
  await watch.until(0)
})

t.test('the streams of an address are limited, whatever the number of boxes', async t => {
  const { origin, one, two, watch } = await setUp(t, { rateLimit: { waiters: 1 } })
  const first = await openBoxStream(t, origin, [one, two])
  t.equal((await openBoxStream(t, origin, [one])).response.statusCode, 429)
  first.leave()
  await watch.until(0)
  const again = await openBoxStream(t, origin, [one])
  t.equal(again.response.statusCode, 200, 'its place is free at once')
})

t.test('the guard decides on each box', async t => {
  const asked: unknown[] = []
  const { origin, one, two, boxes } = await setUp(t, {
    boxes: 3,
    guard: async (request, _reply, operation) => {
      if (operation !== 'streamBoxes') return
      const { params } = request as FastifyRequest<{ Params: { box: string } }>
      asked.push(params.box)
      if (params.box === two.id) throw Object.assign(new Error('Log in first.'), { statusCode: 401, code: 'NO_LOGIN' })
      if (params.box === boxes[2]!.id) throw new Error('canary')
    }
  })
  await one.store('a')
  await two.store('secret')
  const reader = await openBoxStream(t, origin, [two, one, ...boxes.slice(2), { id: two.drop }])
  await reader.until(({ events }) => events.length === 4)
  t.same(asked, [two.id, one.id, boxes[2]!.id])
  t.match(problems(reader).sort((a, b) => a.box - b.box), [
    { box: 0, problem: { type: 'about:blank', status: 401, detail: 'Log in first.', code: 'NO_LOGIN' } },
    { box: 2, problem: { status: 500, code: 'BOX_ERR_INTERNAL' } },
    { box: 3, problem: { status: 403 } }
  ])
  t.same(sent(reader), [{ box: 1, seq: 1, data: 'a' }])
  t.notMatch(reader.text, /secret|canary/)
})

t.test('a guard that responds itself responds to the whole', async t => {
  const { ask, one, two } = await setUp(t, { guard: (_request, reply, operation) => operation === 'streamBoxes' ? reply.code(402).send({ pay: 'first' }) : undefined })
  const answer = await ask({ boxes: [one, two].map(({ id }) => ({ id })) })
  t.match([answer.statusCode, answer.json()], [402, { pay: 'first' }])
})

t.test('a quiet stream has a comment every heartbeat', async t => {
  const { origin, one } = await setUp(t, { heartbeat: 1 })
  const reader = await openBoxStream(t, origin, [one])
  await reader.until(({ text }) => (text.match(/^:/gm)?.length ?? 0) >= 3)
  t.same(reader.events, [])
})

t.test('closing the server ends a stream without a problem', async t => {
  const { app, origin, one, two, watch } = await setUp(t)
  const reader = await openBoxStream(t, origin, [one, two])
  await watch.until(2)
  await Promise.all([app.close(), reader.untilEnd()])
  t.same(reader.events, [])
  t.equal(watch.open, 0)
})

for (const error of [new StoreError(), new BusyError()]) {
  t.test(`a stream outlives a store that fails with ${error.code}`, async t => {
    const { origin, one, two, watch } = await setUp(t)
    await one.store('a')
    const reader = await openBoxStream(t, origin, [one, two])
    await reader.until(reader => sent(reader).length === 1)
    const { read } = watch.store
    let failed = 0
    watch.store.read = async () => {
      failed++
      throw error
    }
    await one.store('b')
    await until(() => failed > 0)
    watch.store.read = read
    await two.store('c')
    await reader.until(reader => sent(reader).length === 3)
    t.same(problems(reader), [])
  })
}

t.test('a store failure on one box reveals nothing, and leaves the others', async t => {
  const { origin, one, two, watch } = await setUp(t)
  const reader = await openBoxStream(t, origin, [one, two])
  await watch.until(2)
  const read = watch.store.read.bind(watch.store)
  watch.store.read = async (drop, ...args) => {
    if (drop === one.drop) throw new Error('canary')
    return await read(drop, ...args)
  }
  await one.store('a')
  await reader.until(reader => problems(reader).length === 1)
  t.match(problems(reader), [{ box: 0, problem: { status: 500, code: 'BOX_ERR_INTERNAL' } }])
  await two.store('b')
  await reader.until(reader => sent(reader).length === 1)
  t.notMatch(reader.text, 'canary')
})
