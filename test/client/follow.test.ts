import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { event, eventStream, fakeBox, isAck, isStream, json, never, problem } from './fake.js'
import { take } from './serve.js'

const acknowledged = () => json({ type: 'ack', data: 0 })
const page = (next: number, ...data: unknown[]) => json({ type: 'msgs', data, next })

t.test('messages arrive over the stream', async t => {
  const { box, operations } = fakeBox(t, call => isAck(call)
    ? acknowledged()
    : eventStream(['retry: 1000\n: open\n\n', event(1, 'a') + event(2, ['b']), ': \n\n', event(3, null)], { open: true }))
  t.strictSame(await take(box, 3), ['a', ['b'], null])
  t.equal(operations()[0], 'GET /messages?after=0')
})

t.test('a stream that ends is resumed after the last message', async t => {
  const { box, calls, operations } = fakeBox(t, call => {
    if (isAck(call)) return acknowledged()
    const after = Number(new URL(call.request.url).searchParams.get('after'))
    return eventStream([': open\n\n', event(after + 1), event(after + 2).slice(0, -1)])
  })
  t.strictSame(await take(box, 4), [1, 2, 3, 4], 'and what was not complete comes again')
  t.ok(calls.filter(call => !isAck(call)).every(isStream))
  t.strictSame(operations().filter(operation => operation.startsWith('GET')), [0, 1, 2, 3].map(n => `GET /messages?after=${n}`))
})

t.test('a repeated message is not delivered again', async t => {
  const { box } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([event(1), event(2) + event(1), event(2) + event(3)]))
  t.strictSame(await take(box, 3), [1, 2, 3])
})

t.test('transient errors are waited out', async t => {
  const { box } = fakeBox(t, (call, n) => {
    if (isAck(call)) return acknowledged()
    if (n === 0) throw new TypeError('fetch failed')
    if (n === 1) return problem(429, 'BOX_ERR_RATE')
    if (n === 2) return new Response('<html>', { status: 502 })
    return eventStream([event(1)])
  })
  t.strictSame(await take(box, 1), [1])
})

t.test('following a box never gives up', async t => {
  const { box, calls } = fakeBox(t, (call, n) => {
    if (n < 40) throw new TypeError('fetch failed')
    return isAck(call) ? acknowledged() : eventStream([event(1)])
  })
  t.strictSame(await take(box, 1), [1])
  t.ok(calls.length > 40)
})

t.test('a missing box, or a cursor ahead of the box, ends the loop with the server\'s error', async t => {
  for (const [status, code] of [[404, 'BOX_ERR_NOT_FOUND'], [409, 'BOX_ERR_CURSOR'], [403, 'BOX_ERR_DROP_ONLY']] as const) {
    const { box } = fakeBox(t, () => problem(status, code))
    await t.rejects(take(box, 1), { name: 'BoxError', code, status })
  }
})

t.test('a box deleted while it is followed ends the loop after its messages', async t => {
  const { box } = fakeBox(t, (_call, n) => n === 0
    ? eventStream([event(1) + event(2) + 'event: gone\ndata: {"type":"gone"}\n\n'])
    : problem(404, 'BOX_ERR_NOT_FOUND'))
  const taken: unknown[] = []
  await t.rejects((async () => { for await (const message of box) taken.push(message) })(), { code: 'BOX_ERR_NOT_FOUND' })
  t.strictSame(taken, [1, 2])
})

const noStream: Record<string, () => Response | Promise<Response>> = {
  'refused with 406': () => problem(406, 'BOX_ERR_NOT_ACCEPTABLE'),
  'a JSON response': () => page(1, 'not this one'),
  'not opened at all': never,
  'opened and silent': () => eventStream([], { open: true }),
  'without numbers': () => eventStream(['data: 1\n\n'], { open: true })
}

for (const [how, answer] of Object.entries(noStream)) {
  t.test(`if the stream is ${how}, long-polls take over`, async t => {
    const { box, operations } = fakeBox(t, call => {
      if (isAck(call)) return acknowledged()
      if (isStream(call)) return answer()
      const after = Number(new URL(call.request.url).searchParams.get('after'))
      return page(after + 2, after + 1, after + 2)
    }, { streamOpenTimeout: 20 })
    t.strictSame(await take(box, 4), [1, 2, 3, 4])
    t.strictSame(operations().filter(operation => operation.startsWith('GET')),
      ['GET /messages?after=0', 'GET /messages?after=0&wait=25', 'GET /messages?after=2&wait=25'])
  })
}

t.test('after a failed long-poll, the stream is tried again', async t => {
  let polls = 0
  const { box } = fakeBox(t, call => {
    if (isAck(call)) return acknowledged()
    if (isStream(call)) return polls === 0 ? problem(406, 'BOX_ERR_NOT_ACCEPTABLE') : eventStream([event(1)])
    polls++
    throw new TypeError('fetch failed')
  })
  t.strictSame(await take(box, 1), [1])
  t.equal(polls, 1)
})

t.test('a server that does not hold long-polls is asked only with pauses', async t => {
  const { box, calls } = fakeBox(t, (call, n) => {
    if (isAck(call)) return acknowledged()
    if (isStream(call)) return problem(406, 'BOX_ERR_NOT_ACCEPTABLE')
    return n < 4 ? page(0) : page(1, 'late')
  }, { minPollInterval: 30 })
  const began = performance.now()
  t.strictSame(await take(box, 1), ['late'])
  t.ok(performance.now() - began >= 85)
  t.ok(calls.length < 8)
})

t.test('a stream that falls silent is reopened after the last message, every time', async t => {
  const { box, calls } = fakeBox(t, call => {
    if (isAck(call)) return acknowledged()
    const after = Number(new URL(call.request.url).searchParams.get('after'))
    return eventStream([': open\n\n', event(after + 1)], { open: true })
  }, { streamIdleTimeout: 20 })
  t.strictSame(await take(box, 4), [1, 2, 3, 4])
  const reads = calls.filter(call => !isAck(call))
  t.strictSame(reads.map(({ operation }) => operation), [0, 1, 2, 3].map(n => `GET /messages?after=${n}`))
  t.ok(reads.every(isStream))
})

t.test('a stream that is silent after its opening is reopened', async t => {
  let streams = 0
  const { box, calls } = fakeBox(t, call => {
    if (isAck(call)) return acknowledged()
    return ++streams < 4 ? eventStream([': open\n\n'], { open: true }) : eventStream([event(1)], { open: true })
  }, { streamIdleTimeout: 20 })
  t.strictSame(await take(box, 1), [1])
  t.ok(calls.every(call => isAck(call) || isStream(call)))
})

t.test('after a period of long-polls, the stream is tried again', async t => {
  let held = true
  const { box, calls } = fakeBox(t, async call => {
    if (isAck(call)) return acknowledged()
    const after = Number(new URL(call.request.url).searchParams.get('after'))
    if (isStream(call)) return held ? await never() : eventStream([event(after + 1)], { open: true })
    await sleep(1)
    held = after < 3
    return page(after + 1, after + 1)
  }, { streamOpenTimeout: 20, longPollPeriod: 0.1 })
  t.strictSame(await take(box, 5), [1, 2, 3, 4, 5])
  const ways = calls.filter(call => !isAck(call)).map(call => isStream(call) ? 'stream' : 'poll')
  t.match(ways.join(' '), /^(stream poll ){2,}.*stream$/, 'it is held back again, until it is not')
})

t.test('a slow consumer does not make a stream count as dead', async t => {
  const { box, calls } = fakeBox(t, call => isAck(call)
    ? acknowledged()
    : eventStream([event(1), event(2), event(3)], { open: true }), { streamIdleTimeout: 30 })
  const taken: unknown[] = []
  for await (const message of box) {
    taken.push(message)
    if (taken.length === 3) break
    await sleep(50)
  }
  t.strictSame(taken, [1, 2, 3])
  t.equal(calls.filter(isStream).length, 1)
})

t.test('a later loop continues where the last one stopped', async t => {
  const { box, operations } = fakeBox(t, call => {
    if (isAck(call)) return problem(503, 'BOX_ERR_STORE')
    const after = Number(new URL(call.request.url).searchParams.get('after'))
    return eventStream([1, 2, 3].filter(seq => seq > after).map(seq => event(seq)), { open: true })
  }, { maxAttempts: 1 })
  t.strictSame(await take(box, 2), [1, 2])
  t.strictSame(await take(box, 2), [2, 3], 'with the message that it was left at')
  t.equal(operations().filter(operation => operation.startsWith('GET')).at(-1), 'GET /messages?after=1')
  t.strictSame(await take(box.messages({ after: 1 }), 1), [{ seq: 2, data: 2 }], 'or where it is told to')
})

t.test('only one loop at a time reads through a Box object', async t => {
  const { box } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([event(1)], { open: true }))
  const first = box.messages()
  await first.next()
  await t.rejects(box.messages().next(), TypeError)
  await first.return()
  t.match(await box.messages({ after: 0 }).next(), { value: { seq: 1 } })
})

t.test('a signal ends a loop with its reason, whatever it waits for', async t => {
  const reason = new Error('enough')
  const waits: Record<string, () => Response | Promise<Response>> = {
    'for the answer': never,
    'for a message': () => eventStream([': open\n\n'], { open: true }),
    'for a next try': () => problem(503, 'BOX_ERR_STORE')
  }
  for (const [where, answer] of Object.entries(waits)) {
    const { box } = fakeBox(t, answer, { minDelay: 1e6, maxDelay: 1e6 })
    const controller = new AbortController()
    const next = box.messages({ signal: controller.signal }).next()
    setTimeout(() => { controller.abort(reason) }, 10)
    await t.rejects(next, reason, where)
  }
})

t.test('messages received before the signal are not delivered after it', async t => {
  const { box } = fakeBox(t, call => isAck(call) ? acknowledged() : eventStream([event(1) + event(2)], { open: true }))
  const controller = new AbortController()
  const messages = box.messages({ signal: controller.signal })
  await messages.next()
  controller.abort(new Error('enough'))
  await t.rejects(messages.next(), { message: 'enough' })
})

t.test('close ends current and later loops without an error', async t => {
  const { box } = fakeBox(t, () => eventStream([': open\n\n'], { open: true }))
  const next = box.messages().next()
  setTimeout(() => { box.close() }, 10)
  t.strictSame(await next, { value: undefined, done: true })
  t.strictSame(await box.messages().next(), { value: undefined, done: true })
})

t.test('leaving the loop releases the stream\'s connection', async t => {
  const signals: AbortSignal[] = []
  const { box } = fakeBox(t, call => {
    if (isAck(call)) return acknowledged()
    signals.push(call.request.signal)
    return eventStream([event(1)], { open: true })
  })
  await take(box, 1)
  t.strictSame(signals.map(({ aborted }) => aborted), [true])
})
