import t from 'tap'
import { Box, createBoxClient, ResponseTooLargeError } from '../../clients/typescript/src/index.js'
import { boxLink, eventStream, fakeBox, isStream, json, problem } from './fake.js'

/** A body without an end, and how much of it was taken. */
function endless (chunk: string) {
  let taken = 0
  const body = new ReadableStream<Uint8Array>({
    pull (controller) {
      taken += chunk.length
      controller.enqueue(new TextEncoder().encode(chunk))
    }
  })
  return { body, taken: () => taken }
}

t.test('an endless response body is abandoned at the limit', async t => {
  const { body, taken } = endless('[1,'.repeat(1_000))
  const client = createBoxClient('http://server.test', {
    maxResponseBytes: 10_000,
    fetch: async () => new Response(body, { headers: { 'Content-Type': 'application/json' } })
  })
  await t.rejects(client.POST('/boxes'), { name: 'ResponseTooLargeError', message: /^The response is larger than 10000 bytes/ })
  t.ok(taken() < 50_000, `${taken()} bytes were taken`)
})

const ways: Record<string, (body: ReadableStream) => Response> = {
  event: body => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }),
  'long-poll page': body => new Response(body, { headers: { 'Content-Type': 'application/json' } })
}

for (const [what, answer] of Object.entries(ways)) {
  t.test(`an endless ${what} is abandoned at the limit, and ends the loop`, async t => {
    const { body, taken } = endless('data: '.repeat(1_000))
    const { box, calls } = fakeBox(t, call => isStream(call) && what !== 'event' ? problem(406, 'BOX_ERR_NOT_ACCEPTABLE') : answer(body), {}, { maxResponseBytes: 10_000 })
    await t.rejects(box.messages().next(), ResponseTooLargeError)
    t.ok(taken() < 50_000, `${taken()} characters were taken`)
    t.equal(calls.length, what === 'event' ? 1 : 2)
  })
}

t.test('a response that is too large is not requested again', async t => {
  const { box, calls } = fakeBox(t, () => json('x'.repeat(20_000)), {}, { maxResponseBytes: 10_000 })
  await t.rejects(box.read(), ResponseTooLargeError)
  await t.rejects(box.send(1), ResponseTooLargeError)
  t.equal(calls.length, 2)
})

t.test('a stream may exceed the limit, as long as each event is below it', async t => {
  const events = Array.from({ length: 100 }, (_, i) => `id: ${i + 1}\ndata: "${'x'.repeat(1_000)}"\n\n`)
  const box = Box.open(boxLink, {
    maxResponseBytes: 10_000,
    fetch: async input => (input as Request).method === 'GET' ? eventStream(events, { open: true }) : json({ type: 'ack', data: 0 })
  })
  let last = 0
  for await (const { seq } of box.messages()) {
    last = seq
    if (seq === events.length) break
  }
  t.equal(last, 100)
})

t.test('a server that returns something other than a box is refused', async t => {
  for (const [data, drop] of [['box_short', `drop_${'a'.repeat(32)}`], [`box_${'a'.repeat(32)}`, 'nonsense'], [`box_${'a'.repeat(32)}`, 7]]) {
    const fetch = async () => json({ type: 'created', data, drop, expires: '2100-01-01T00:00:00Z' }, { status: 201 })
    await t.rejects(Box.create('http://server.test', { fetch }), { name: 'BoxError', status: 201 })
  }
})
