import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Box, type BoxOptions } from '../../../clients/typescript/src/index.js'
import { shareStreams } from '../../../clients/typescript/src/shared/index.js'
import { network } from '../network.js'
import { openQuick, serve, take, takeAll } from '../serve.js'
import { tcpProxy } from '../../helpers/tcp-proxy.js'
import { until } from '../../helpers/until.js'
import type { BoxPluginOptions } from '../../../src/index.js'
import { patient } from './fake-boxes.js'

/** The requests for streams that a server has had. */
async function counted (t: Test, options: BoxPluginOptions = {}) {
  const { url, local } = await serve(t, options)
  const requests: string[] = []
  const counting: typeof fetch = async input => {
    const { method, url } = input as Request
    requests.push(`${method} ${new URL(url).pathname.replace(/box_[\w-]+/, '…')}`)
    return await fetch(input)
  }
  const make = async (count: number, options: BoxOptions = {}) => {
    const owners: Box[] = []
    while (owners.length < count) owners.push(await Box.create(url, { fetch: local }))
    return { owners, boxes: owners.map(({ link }) => openQuick(t, link, { fetch: counting, timings: patient, ...options })) }
  }
  return { url, requests, make }
}

t.test('twenty boxes on a real server are read over one stream, and each loop ends with its box', async t => {
  const { requests, make } = await counted(t)
  const { owners, boxes } = await make(20, { connection: shareStreams() })
  const reading = boxes.map(async (box, n) => {
    const taken: unknown[] = []
    for await (const message of box) if (taken.push(message) === 3) break
    return taken.map(value => value === n)
  })
  for (let i = 0; i < 3; i++) await Promise.all(owners.map((owner, n) => owner.send(n)))
  t.same(await Promise.all(reading), boxes.map(() => [true, true, true]))
  t.notOk(requests.some(request => request.startsWith('GET')))
  t.ok(requests.filter(request => request === 'POST /streams').length >= 1)

  const [first, second] = [boxes[0]!.messages(), boxes[1]!.messages({ after: 3 })]
  t.match(await first.next(), { value: { seq: 3 } }, 'which was not acknowledged')
  const [ended, next] = [t.rejects(first.next(), { code: 'BOX_ERR_NOT_FOUND' }), second.next()]
  await Box.open(owners[0]!.link).delete()
  await ended
  await owners[1]!.send('still there')
  t.match(await next, { value: { seq: 4, data: 'still there' } })
})

t.test('a server whose streams have fewer boxes gets several streams', async t => {
  const { requests, make } = await counted(t, { maxStreamBoxes: 2 })
  const { owners, boxes } = await make(40, { connection: shareStreams() })
  const reading = Promise.all(boxes.map(box => take(box, 1)))
  for (const owner of owners) await owner.send('hi')
  t.same(await reading, boxes.map(() => ['hi']))
  t.notOk(requests.some(request => request.startsWith('GET')))
})

t.test('boxes with other headers do not share a stream', async t => {
  const { requests, make } = await counted(t)
  const connection = shareStreams()
  const [mine, yours] = [{ Authorization: 'me' }, { Authorization: 'you' }]
  const { owners, boxes } = await make(3)
  const options = [mine, mine, yours].map(headers => ({ headers, connection }))
  const opened = boxes.map(({ link }, n) => openQuick(t, link, { server: link.replace(/\/boxes.*/, ''), fetch: undefined, ...options[n]! }))
  const reading = Promise.all(opened.map(box => take(box, 1)))
  for (const owner of owners) await owner.send('hi')
  t.same(await reading, [['hi'], ['hi'], ['hi']])
  t.same(requests, [])
})

/** What a consumer or a network does meanwhile. */
type Step = { send: number } | { open: number } | 'cut' | 'wait'
const steps = fc.array(fc.oneof(
  { weight: 5, arbitrary: fc.record({ send: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ open: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant('cut' as const) },
  { weight: 2, arbitrary: fc.constant('wait' as const) }
), { maxLength: 30 })

t.test('however boxes are opened, sent to and disconnected, each message comes once and in order', async t => {
  const { url, local } = await serve(t)
  await fc.assert(fc.asyncProperty(steps, async (steps: Step[]) => {
    const net = network()
    const connection = shareStreams()
    const owners = await Promise.all([0, 1, 2, 3].map(() => Box.create(url, { fetch: local })))
    const sent = owners.map(() => 0)
    const taken = owners.map(() => 0)
    const loops = new Map<number, Promise<void>>()
    const boxes = owners.map(({ link }) => openQuick(t, link, { fetch: net.fetch, connection }))
    const follow = async (n: number) => {
      for await (const { seq, data } of boxes[n]!.messages()) {
        if (seq !== ++taken[n]! || data !== seq) throw new Error(`box ${n}: ${seq} came, not ${taken[n]}`)
      }
    }
    const open = (n: number) => { if (!loops.has(n)) loops.set(n, follow(n)) }
    for (const step of steps) {
      if (step === 'cut') {
        net.disconnect()
        net.reconnect()
      } else if (step === 'wait') await new Promise(resolve => { setTimeout(resolve, 2) })
      else if ('open' in step) open(step.open)
      else await owners[step.send]!.send(++sent[step.send]!)
    }
    for (const n of owners.keys()) open(n)
    const failed = Promise.race(loops.values())
    await Promise.race([failed, until(() => taken.every((seq, n) => seq === sent[n]))])
    for (const box of boxes) box.close()
    await Promise.all(loops.values())
  }), { numRuns: 40 })
})

t.test('a shared stream that is cut anywhere delivers each message once', async t => {
  const { url, local } = await serve(t)
  const owners = [await Box.create(url, { fetch: local }), await Box.create(url, { fetch: local })]
  for (let at = 0, cuts = 1; cuts > 0; at += 13) {
    const proxy = await tcpProxy(t, url, connection => connection === 0 ? { cutAfter: at } : {})
    const connection = shareStreams()
    const boxes = owners.map(({ link }) => openQuick(t, link, { server: proxy.url, connection }))
    for (const owner of owners) for (const message of ['a', 'b']) await owner.send(message)
    const taken = await Promise.all(boxes.map(box => takeAll(box, 2)))
    for (const box of boxes) box.close()
    cuts = proxy.cuts()
    await proxy.close()
    if (JSON.stringify(taken) !== '[["a","b"],["a","b"]]') return t.fail(`cut after ${at} bytes: ${JSON.stringify(taken)}`)
  }
})
