import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Box } from '../../clients/typescript/src/index.js'
import { boxLink, fakeBox, json, problem } from './fake.js'
import { serve } from './serve.js'

/** A server that redirects everything with this status. @returns its origin */
async function redirect (t: Test, status: number, to: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => { response.writeHead(status, { location: to + request.url }).end() })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a redirect that turns a request into another is an error that names it', async t => {
  const { url } = await serve(t)
  const real = await Box.create(url)
  await real.send('before')
  const idOf = (link: string): string => link.split('/').pop()!
  for (const status of [301, 302, 303]) {
    const server = await redirect(t, status, url)
    const named = { name: 'BoxError', message: /The server redirects/ }
    await t.rejects(Box.create(server), named)
    for (const link of [real.link, await real.dropLink()]) {
      await t.rejects(Box.open(idOf(link), { server }).send('lost'), named)
    }
  }
  const server = await redirect(t, 303, url)
  await t.rejects(Box.open(idOf(real.link), { server }).acknowledge(1), { message: /The server redirects/ })
  await t.rejects(Box.open(idOf(real.link), { server }).delete(), { message: /The server redirects/ })
  t.strictSame((await real.read()).messages, [{ seq: 1, data: 'before' }])
})

t.test('a redirect that keeps the request is followed', async t => {
  const { url } = await serve(t)
  for (const status of [307, 308]) {
    const box = await Box.create(await redirect(t, status, url))
    t.strictSame(await box.send('a'), { seq: 1, count: 1 })
    const moved = Box.open(box.link)
    await moved.delete()
    await t.rejects(box.read(), { code: 'BOX_ERR_NOT_FOUND', message: /^(?!.*redirects)/ }, 'a read cannot become another request')
  }
})

const ack = { type: 'ack', data: 1, seq: 1 }
const msgs = { type: 'msgs', data: [1, 2], next: 2 }
const created = { type: 'created', data: `box_${'b'.repeat(32)}`, drop: `drop_${'d'.repeat(32)}` }

const unsound: Array<[operation: string, use: (box: Box) => Promise<unknown>, bodies: unknown[]]> = [
  ['send', async box => await box.send(1), [msgs, { ...ack, type: 'x' }, { ...ack, seq: undefined }, { ...ack, data: '1' }, { ...ack, seq: 1.5 }, { ...ack, seq: -1 }]],
  ['read', async box => await box.read(), [ack, { ...msgs, data: null }, { ...msgs, next: 'x' }, { ...msgs, next: 1 }, { ...msgs, next: undefined }]],
  ['acknowledge', async box => await box.acknowledge(1), [msgs, { type: 'ack' }, { type: 'ack', data: null }]],
  ['delete', async box => { await box.delete() }, [{}, msgs]]
]

for (const [operation, use, bodies] of unsound) {
  t.test(`${operation} rejects what a box server does not send, and does not try again`, async t => {
    for (const body of [...bodies, 7, 'text', []]) {
      const { box, calls } = fakeBox(t, () => json(body))
      await t.rejects(use(box), { name: 'BoxError', status: 200, code: undefined }, JSON.stringify(body))
      t.equal(calls.length, 1)
    }
  })
}

t.test('no box is created from a response that a box server would not send', async t => {
  for (const body of [{}, ack, { ...created, data: 7 }, { ...created, data: boxLink }, { ...created, drop: undefined }]) {
    await t.rejects(Box.create('http://server.test', { fetch: async () => json(body, { status: 201 }) }), { name: 'BoxError', status: 201 }, JSON.stringify(body))
  }
})

t.test('a success without the promised body is none', async t => {
  const { box, calls } = fakeBox(t, () => new Response(null, { status: 204 }))
  for (const call of [async () => await box.send(1), async () => await box.read(), async () => await box.acknowledge(1)]) await t.rejects<unknown>(call, { name: 'BoxError', status: 204 })
  t.equal(calls.length, 3)
  await box.delete()
})

t.test('a loop ends at what a box server does not send, and delivers none of it', async t => {
  const { box } = fakeBox(t, (_call, n) => n === 0 ? problem(406, 'BOX_ERR_NOT_ACCEPTABLE') : json({ ...msgs, next: 'x' }))
  await t.rejects(box.messages().next(), { name: 'BoxError', status: 200 })
})
