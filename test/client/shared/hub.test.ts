import t from 'tap'
import { eventStream, json, never, problem } from '../fake.js'
import { take } from '../serve.js'
import { patience } from '../../helpers/patience.js'
import { until } from '../../helpers/until.js'
import { fakeBoxes, linkOf, listOf, said, trouble, type Answer } from './fake-boxes.js'

t.test('boxes opened in one turn share one request', async t => {
  const { boxes, requests } = fakeBoxes(t, 3, async request => {
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map((_, box) => said(box, 1, box))], { open: true })
  })
  t.same(await Promise.all(boxes.map(box => take(box, 1))), [[0], [1], [2]])
  t.same(requests, ['POST /streams'])
})

t.test('a box that is added later comes into a new list, with the cursors of all', async t => {
  const lists: unknown[] = []
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    const list = await listOf(request)
    lists.push(list.map(({ after }) => after))
    return eventStream([': open\n\n', ...list.map(({ after }, box) => after === 0 ? said(box, 1) + said(box, 2) : '')], { open: true })
  })
  const messages = one!.messages()
  t.match(await messages.next(), { value: { seq: 1 } })
  t.same(await take(two!, 2), [1, 2])
  t.match(await messages.next(), { value: { seq: 2 } })
  t.same(lists.slice(0, 2), [[0], [2, 0]])
})

t.test('a problem ends the loop over its box, and no other', async t => {
  const { boxes: [one, two, three] } = fakeBoxes(t, 3, async request => {
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map(({ id }, box) => id.endsWith('1') ? said(box, 1) + trouble(box, 404, 'BOX_ERR_NOT_FOUND') : id.endsWith('2') ? trouble(box, 403, 'BOX_ERR_DROP_ONLY') : said(box, 1) + said(box, 2))], { open: true })
  })
  const first = one!.messages()
  const [, refused, taken] = await Promise.all([
    first.next(),
    take(two!, 1).catch(error => error),
    take(three!, 2)
  ])
  t.match(refused, { name: 'BoxError', status: 403, code: 'BOX_ERR_DROP_ONLY', detail: 'detail of BOX_ERR_DROP_ONLY' })
  await t.rejects(first.next(), { status: 404, code: 'BOX_ERR_NOT_FOUND' })
  t.same(taken, [1, 2])
})

t.test('a problem that may pass is waited out', async t => {
  let asked = 0
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    const list = await listOf(request)
    asked++
    return eventStream([': open\n\n', ...list.map(({ id, after }, box) => id.endsWith('1') && asked < 4 ? trouble(box, 429, 'BOX_ERR_RATE') : said(box, after + 1))], { open: true })
  })
  t.same(await Promise.all([take(one!, 1), take(two!, 2)]), [[1], [1, 2]])
  t.ok(asked >= 4)
})

const withoutStream: Record<string, Answer> = {
  'does not know it': () => problem(404, 'FST_ERR_NOT_FOUND'),
  'refuses it': () => problem(401, 'NO_LOGIN'),
  'says something else': () => json({ hello: 'world' }),
  'says nothing': () => never(),
  'opens it and is silent': () => eventStream([], { open: true }),
  'says what is no message': () => eventStream(['data: {"box":0}\n\n'], { open: true }),
  'speaks of a box that is not in the list': () => eventStream([said(2, 1)], { open: true }),
  'names a box by what is no number': () => eventStream([said('length' as never, 1)], { open: true })
}
for (const [how, answer] of Object.entries(withoutStream)) {
  t.test(`if the server ${how}, each box is read on its own, and a shared stream is tried again later`, async t => {
    let shared = 0
    const { boxes, requests } = fakeBoxes(t, 2, async (request, n) => {
      if (request.method === 'GET') {
        const after = Number(new URL(request.url).searchParams.get('after'))
        return eventStream([': open\n\n', after === 0 ? said(0, 1).replace(/^/, 'id: 1\n') : ''], { open: true })
      }
      if (++shared === 1) return await answer(request, n)
      const list = await listOf(request)
      return eventStream([': open\n\n', ...list.map(({ after }, box) => said(box, after + 1))], { open: true })
    }, { streamOpenTimeout: /noth|silent/.test(how) ? 500 : patience, longPollPeriod: 50 })
    const taken = await Promise.all(boxes.map(async box => {
      const seqs: number[] = []
      for await (const { seq } of box.messages()) if (seqs.push(seq) === 2) break
      return seqs
    }))
    t.same(taken, [[1, 2], [1, 2]])
    t.match(requests.join(), /^POST \/streams,GET \/boxes\/[12]\/messages,GET \/boxes\/[12]\/messages,/)
    t.ok(shared > 1)
  })
}

t.test('a server that accepts fewer boxes gets them in several streams', async t => {
  const sizes: number[] = []
  const { boxes } = fakeBoxes(t, 5, async request => {
    const list = await listOf(request)
    sizes.push(list.length)
    if (list.length > 2) return problem(400, 'BOX_ERR_INVALID')
    return eventStream([': open\n\n', ...list.map(({ after }, box) => after === 0 ? said(box, 1) : '')], { open: true })
  })
  t.same(await Promise.all(boxes.map(box => take(box, 1))), boxes.map(() => [1]))
  t.same(sizes.slice(0, 5), [5, 3, 2, 2, 2])
})

t.test('a consumer that does not keep up misses nothing, and holds no more than a box', async t => {
  const { boxes: [slow, other] } = fakeBoxes(t, 2, async request => {
    const list = await listOf(request)
    const events = list.map(({ id, after }, box) => id.endsWith('1')
      ? Array.from({ length: Math.min(3000 - after, 1500) }, (_, i) => said(box, after + 1 + i)).join('')
      : said(box, after + 1))
    return eventStream([': open\n\n', ...events], { open: true })
  })
  const messages = slow!.messages()
  t.match(await messages.next(), { value: { seq: 1 } })
  t.same(await take(other!, 1), [1])
  for (let seq = 2; seq <= 3000; seq++) {
    const { value } = await messages.next()
    if (value?.seq !== seq) return t.fail(`${value?.seq} came, not ${seq}`)
  }
})

t.test('what a server repeats, or sends out of order, is left out', async t => {
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    const after = (await listOf(request))[0]!.after
    return eventStream([': open\n\n', after > 0 ? '' : said(0, 1) + said(1, 5) + said(1, 4) + said(0, 1) + said(0, 2), after > 0 ? '' : said(1, 5) + said(0, 1) + said(0, 3) + said(1, 6)], { open: true })
  })
  t.same(await Promise.all([take(one!, 3), take(two!, 2)]), [[1, 2, 3], [5, 6]])
})

t.test('boxes that are added one after the other do not cost a request each', async t => {
  let reads = 0
  const { boxes } = fakeBoxes(t, 40, async request => {
    const list = await listOf(request)
    reads += list.length
    return eventStream([': open\n\n', ...list.map(({ after }, box) => after === 0 ? said(box, 1) : '')], { open: true })
  }, { minDelay: 50 })
  const began = performance.now()
  const reading: Array<Promise<unknown>> = []
  for (const box of boxes) {
    reading.push(box.messages().next())
    await new Promise(resolve => { setTimeout(resolve, 1) })
  }
  t.match(await Promise.all(reading), boxes.map(() => ({ value: { seq: 1 } })))
  const allowed = 150 + 40 + (performance.now() - began) / 50
  t.ok(reads <= allowed, `${reads} reads of ${allowed}`)
})

t.test('a deeply nested message reaches a loop that is busy, and stops no other', async t => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  let openings = 0
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    openings++
    const list = await listOf(request)
    let next = 1
    // Each in a chunk of its own, so that the loop has something waiting.
    const body = new ReadableStream<Uint8Array>({
      async pull (controller) {
        await new Promise(resolve => { setTimeout(resolve, 5) })
        if (next > 4) return await new Promise(() => {})
        const seq = next++
        const text = list.map(({ after }, box) => seq <= after ? '' : box === 0 && seq === 3 ? `data: {"box":0,"seq":3,"data":${deep}}\n\n` : said(box, seq)).join('')
        controller.enqueue(new TextEncoder().encode(`: open\n\n${text}`))
      }
    })
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  })
  const messages = one!.messages()
  t.match(await messages.next(), { value: { seq: 1 } })
  t.same(await take(two!, 4), [1, 2, 3, 4])
  for (const seq of [2, 3, 4]) t.equal((await messages.next()).value?.seq, seq)
  t.ok(openings < 4, `${openings} openings`)
})

t.test('after an outage, a new box waits no longer than at any other time', { timeout: patience }, async t => {
  let isAway = true
  const { boxes: [late, ...others], requests } = fakeBoxes(t, 64, async request => {
    if (isAway) return problem(503, 'BOX_ERR_STORE')
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map(({ after }, box) => after === 0 ? said(box, 1) : '')], { open: true })
  }, { minDelay: 20, maxDelay: 40 })
  const reading = others.map(box => box.messages().next())
  // If all these attempts counted, the new box would wait for more than the test may take.
  while (requests.length < 150) await new Promise(resolve => { setTimeout(resolve, 5) })
  isAway = false
  await Promise.all(reading)
  t.match(await late!.messages().next(), { value: { seq: 1 } })
})

t.test('a new box does not cut short the pause that the server has asked for', async t => {
  const times: number[] = []
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    times.push(performance.now())
    if (times.length === 1) return problem(429, 'BOX_ERR_RATE', { 'Retry-After': '1' })
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map((_, box) => said(box, 1))], { open: true })
  })
  const first = one!.messages().next()
  while (times.length === 0) await new Promise(resolve => { setTimeout(resolve, 1) })
  await new Promise(resolve => { setTimeout(resolve, 20) })
  await Promise.all([first, two!.messages().next()])
  t.ok(times[1]! - times[0]! >= 990, `${times[1]! - times[0]!} ms`)
})

t.test('a loop that comes and goes does not use up the rate limit of the others', async t => {
  let reads = 0
  const { boxes: [first, ...others] } = fakeBoxes(t, 31, async request => {
    const list = await listOf(request)
    reads += list.length
    return eventStream([': open\n\n', ...list.map(({ id, after }, box) => id === linkOf(1).slice(-36) ? said(box, after + 1) : '')], { open: true })
  }, { minDelay: 20 })
  const began = performance.now()
  for (const box of others) void box.messages().next()
  for (let n = 0; n < 12; n++) t.same((await take(first!, 1)).length, 1)
  const allowed = 150 + 31 + (performance.now() - began) / 20
  t.ok(reads <= allowed, `${reads} reads of ${allowed}`)
})

t.test('a box that is refused again and again is read on its own', async t => {
  let shared = 0
  const { boxes: [one, two], requests } = fakeBoxes(t, 2, async request => {
    if (request.method === 'GET') return eventStream([': open\n\n', 'id: 1\ndata: 1\n\n'], { open: true })
    shared++
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map(({ id, after }, box) => id.endsWith('1') ? trouble(box, 429, 'BOX_ERR_BUSY') : said(box, after + 1))], { open: true })
  })
  const second = two!.messages()
  t.match(await second.next(), { value: { seq: 1 } })
  t.same(await take(one!, 1), [1])
  t.same(requests.filter(request => request.startsWith('GET')), ['GET /boxes/1/messages'])
  t.ok(shared >= 4)
})

t.test('nor does a box that is refused and unavailable in turn keep the others waiting', async t => {
  let shared = 0
  const { boxes: [one], requests } = fakeBoxes(t, 1, async request => {
    if (request.method === 'GET') return eventStream([': open\n\n', 'id: 1\ndata: 1\n\n'], { open: true })
    const list = await listOf(request)
    const [status, code] = ++shared % 2 === 0 ? [503, 'BOX_ERR_STORE'] as const : [429, 'BOX_ERR_BUSY'] as const
    return eventStream([': open\n\n', ...list.map((_, box) => trouble(box, status, code))], { open: true })
  })
  t.same(await take(one!, 1), [1])
  t.same(requests.filter(request => request.startsWith('GET')), ['GET /boxes/1/messages'])
  t.equal(shared, 7)
})

t.test('closing a box, or leaving its loop, does not disturb the others, and the last one releases the connection', async t => {
  const signals: AbortSignal[] = []
  const { boxes: [one, two] } = fakeBoxes(t, 2, async request => {
    signals.push(request.signal)
    const list = await listOf(request)
    return eventStream([': open\n\n', ...list.map(({ after }, box) => after === 0 ? said(box, 1) : '')], { open: true })
  })
  const [first, second] = [one!.messages(), two!.messages()]
  await Promise.all([first.next(), second.next()])
  const [ends, waits] = [first.next(), second.next()]
  one!.close()
  t.same(await ends, { value: undefined, done: true })
  t.notOk(signals[0]!.aborted)
  two!.close()
  await waits
  await until(() => signals.every(({ aborted }) => aborted))
})
