import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { Acknowledger } from '../../clients/typescript/src/acknowledger.js'
import { Scope } from '../../clients/typescript/src/scope.js'
import { event, eventStream, fakeBox, isAck, json, never, problem } from './fake.js'
import { quick, take } from './serve.js'
import { until } from '../helpers/until.js'

const acknowledged = () => json({ type: 'ack', data: 0 })

t.test('a message is acknowledged when the next one is requested, not before', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([event(1) + event(2)], { open: true }))
  const messages = box.messages()
  await messages.next()
  await sleep(5)
  t.equal(calls.filter(isAck).length, 0)
  await messages.next()
  await sleep(5)
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}'])
  await messages.return()
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}'], 'nor is the one that the loop is left at')
})

t.test('acknowledgements are combined', async t => {
  const stream = Array.from({ length: 1000 }, (_, i) => event(i + 1)).join('')
  const { box, calls } = fakeBox(t, async call => {
    if (!isAck(call)) return eventStream([stream], { open: true })
    await sleep(1)
    return acknowledged()
  }, { acknowledgeInterval: 1e6 })
  for await (const { seq } of box.messages()) {
    if (seq === 1000) break
    if (seq % 10 === 0) await sleep(0)
  }
  const cursors = calls.filter(isAck).map(({ body }) => JSON.parse(body).after)
  t.ok(cursors.length < 30, `${cursors.length} requests`)
  t.ok(cursors.length > 5, 'but it does not wait where many are outstanding')
  t.equal(cursors.at(-1), 999)
  t.strictSame(cursors, cursors.toSorted((a, b) => a - b))
})

t.test('an acknowledgement that failed is repeated while the loop waits, with the latest cursor', async t => {
  let failures = 20
  const { box, calls } = fakeBox(t, call => {
    if (!isAck(call)) return eventStream([event(1) + event(2)], { open: true })
    if (failures-- > 0) throw new TypeError('fetch failed')
    return acknowledged()
  })
  const taking = take(box, 3)
  await until(() => failures < 0)
  const cursors = calls.filter(isAck).map(({ body }) => body)
  t.strictSame(cursors, ['{"after":1}', ...Array(20).fill('{"after":2}')])
  box.close()
  await taking
})

t.test('a loop that is left does not wait before it repeats an acknowledgement that failed', async t => {
  let failed = false
  const { box, calls } = fakeBox(t, call => {
    if (!isAck(call)) return eventStream([event(1) + event(2)], { open: true })
    if (failed) return acknowledged()
    failed = true
    throw new TypeError('fetch failed')
  }, { minDelay: 1e6, maxDelay: 1e6 })
  const messages = box.messages()
  for (let n = 0; n < 2; n++) await messages.next()
  await until(() => failed)
  await messages.return()
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}', '{"after":1}'])
})

t.test('a loop that is left does not wait for as long as the server may ask', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call)
    ? problem(503, 'BOX_ERR_STORE', { 'Retry-After': '3600' })
    : eventStream([event(1) + event(2)], { open: true }), { flushTimeout: 1e6 })
  const messages = box.messages()
  for (let n = 0; n < 2; n++) await messages.next()
  await until(() => calls.some(isAck))
  await messages.return()
  t.equal(calls.filter(isAck).length, 2, 'but tries once more')
})

t.test('however many messages wait, the server is not asked before it allows', async t => {
  const stream = Array.from({ length: 200 }, (_, i) => event(i + 1)).join('')
  let acks = 0
  const { box } = fakeBox(t, call => {
    if (!isAck(call)) return eventStream([stream], { open: true })
    return problem(503, 'BOX_ERR_STORE', { 'Retry-After': ++acks < 10 ? '0' : '3600' })
  })
  const messages = box.messages()
  for (let n = 0; n < 2; n++) await messages.next()
  await until(() => acks === 10)
  for (let n = 0; n < 198; n++) await messages.next()
  await sleep(5)
  t.equal(acks, 10)
})

t.test('a refused acknowledgement does not come again for each message', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call)
    ? problem(409, 'BOX_ERR_CURSOR')
    : eventStream(Array.from({ length: 10 }, (_, i) => event(i + 1)), { open: true }), { acknowledgeInterval: 1e6 })
  const messages = box.messages()
  for (let n = 0; n < 10; n++) {
    await messages.next()
    await sleep(1)
  }
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}'])
  await messages.return()
  t.equal(calls.filter(isAck).at(-1)?.body, '{"after":9}', 'but once more when the loop is left')
})

t.test('a refused acknowledgement is not repeated without a later cursor', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call) ? problem(409, 'BOX_ERR_CURSOR') : eventStream([event(1) + event(2)], { open: true }))
  const messages = box.messages()
  for (let n = 0; n < 2; n++) await messages.next()
  await sleep(10)
  t.equal(calls.filter(isAck).length, 1)
})

t.test('a cursor that was refused is not sent again when the loop ends: by then, it may be that of another box', async t => {
  const { box, calls } = fakeBox(t, () => problem(409, 'BOX_ERR_CURSOR'))
  await t.rejects(take(box.messages({ after: 7 }), 1), { code: 'BOX_ERR_CURSOR' })
  t.equal(calls.filter(isAck).length, 1)
})

t.test('a failed acknowledgement does not disturb the loop', async t => {
  const { box } = fakeBox(t, call => isAck(call) ? problem(500, 'BOX_ERR_INTERNAL') : eventStream([event(1) + event(2)], { open: true }), { maxAttempts: 2 })
  t.strictSame(await take(box, 2), [1, 2])
})

t.test('leaving a loop does not take long', async t => {
  const { box } = fakeBox(t, call => isAck(call) ? never() : eventStream([event(1) + event(2)], { open: true }), { flushTimeout: 20 })
  const began = performance.now()
  t.strictSame(await take(box, 2), [1, 2])
  t.ok(performance.now() - began < 2000)
})

t.test('what an aborted loop could not acknowledge is acknowledged when the next one starts, though no message comes', async t => {
  let isCut = true
  const { box, calls } = fakeBox(t, call => {
    if (!isAck(call)) return eventStream(isCut ? [event(1) + event(2)] : [': open\n\n'], { open: true })
    if (isCut) throw new TypeError('fetch failed')
    return acknowledged()
  })
  const controller = new AbortController()
  const messages = box.messages({ signal: controller.signal })
  await messages.next()
  await messages.next()
  const next = messages.next()
  await until(() => calls.some(isAck))
  controller.abort()
  await t.rejects(next)

  isCut = false
  const before = calls.length
  const taking = take(box, 1)
  // Until then, a full box would stay full, and nobody could store what the loop waits for.
  await until(() => calls.slice(before).some(isAck))
  t.strictSame(calls.slice(before).filter(isAck).map(({ body }) => body), ['{"after":2}'])
  box.close()
  await taking
})

t.test('a cursor to start after is acknowledged, since the process that handled the messages before it may have ended first', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([': open\n\n'], { open: true }))
  const taking = take(box.messages({ after: 7 }), 1)
  await until(() => calls.some(isAck))
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":7}'])
  box.close()
  await taking
})

t.test('what has been acknowledged is not acknowledged again when the next loop starts', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([event(1) + event(2)], { open: true }))
  await take(box, 2)
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}'])
  await take(box, 1)
  t.strictSame(calls.filter(isAck).map(({ body }) => body), ['{"after":1}'])
})

/** An acknowledger by itself, which never acknowledges again just because time has passed. */
function alone (answer: () => Promise<unknown> = async () => {}) {
  const sent: Array<{ cursor: number, attempts: number, patience: number }> = []
  const acknowledger = new Acknowledger((cursor, { maxAttempts, maxRetryAfter }) => {
    sent.push({ cursor, attempts: maxAttempts, patience: maxRetryAfter })
    return answer()
  }, { ...quick, acknowledgeInterval: 1e6 }, new Scope())
  return { acknowledger, sent, cursors: () => sent.map(({ cursor }) => cursor) }
}

const turn = async () => { await sleep(0) }

t.test('the interval ends when exactly 64 messages wait, not with 63', async t => {
  const { acknowledger, cursors } = alone()
  acknowledger.advance(1)
  await turn()
  acknowledger.advance(64)
  await turn()
  t.strictSame(cursors(), [1])
  acknowledger.advance(65)
  await turn()
  t.strictSame(cursors(), [1, 65])
  await acknowledger.flush()
})

t.test('there is no interval if 64 messages came during the request, but with 63 there is', async t => {
  let respond = (): void => {}
  const { acknowledger, cursors } = alone(async () => { await new Promise<void>(resolve => { respond = resolve }) })
  acknowledger.advance(1)
  acknowledger.advance(65)
  respond()
  await turn()
  t.strictSame(cursors(), [1, 65])
  acknowledger.advance(128)
  respond()
  await turn()
  t.strictSame(cursors(), [1, 65], 'which ends when the loop is left')
  const flushed = acknowledger.flush()
  await turn()
  respond()
  await flushed
  t.strictSame(cursors(), [1, 65, 128])
})

t.test('after a failure only its own delay passes, not the interval, too', async t => {
  let failures = 2
  const { acknowledger, cursors } = alone(async () => { if (failures-- > 0) throw new TypeError('fetch failed') })
  acknowledger.advance(1)
  await until(() => failures < 0)
  t.strictSame(cursors(), [1, 1, 1])
  await acknowledger.flush()
  t.equal(cursors().length, 3)
})

t.test('each attempt is one of its own; when the loop is left, there are as many as for any request', async t => {
  const { acknowledger, sent } = alone()
  acknowledger.advance(1)
  await turn()
  acknowledger.advance(2)
  await acknowledger.flush()
  t.strictSame(sent, [
    { cursor: 1, attempts: 1, patience: quick.maxRetryAfter },
    { cursor: 2, attempts: quick.maxAttempts, patience: quick.flushTimeout }
  ])
})
