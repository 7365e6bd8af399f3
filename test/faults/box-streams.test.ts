import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { outgoingOf } from '../../src/http/outgoing-of.js'
import { outgoingLimits } from '../../src/http/outgoing.js'
import { build, json, jsonText, type BuildOptions, type TestBox } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { openBoxStream, watchedStore } from '../helpers/stream-reader.js'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const MIB = 1024 * 1024
const MESSAGE = `"${'m'.repeat(64 * 1024 - 2)}"`

async function setUp (t: Test, count: number, options: BuildOptions = {}) {
  const watch = watchedStore()
  const built = await build(t, { store: watch.store, ...options })
  await built.app.listen({ host: '127.0.0.1', port: 0 })
  const boxes: TestBox[] = []
  while (boxes.length < count) boxes.push(await built.createBox())
  const { port } = built.app.server.address() as AddressInfo
  const body = JSON.stringify({ boxes: boxes.map(({ id }) => ({ id })) })
  const store = (box: TestBox) => built.app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })
  return { ...built, watch, boxes, port, body, store }
}

const request = (body: string) => `POST /streams HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** Asks for a stream on a socket that is not read until `resume`. */
async function pausedReader (t: Test, port: number, body: string, allowHalfOpen = false): Promise<Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(request(body))
  return socket
}

/** What this process holds: the heap, and what is outside of it. */
function held (): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

t.test('a reader of many full boxes that stops reading holds one page at a time, is cut off, and resumes', async t => {
  const { app, watch, boxes, port, body, store } = await setUp(t, 16, { maxMessages: 100, maxBoxBytes: 2 * MIB, limits: { ...outgoingLimits, stallTimeout: 2 } })
  for (const box of boxes) for (let i = 0; i < 20; i++) await store(box)
  let pages = 0
  const read = watch.store.read.bind(watch.store)
  watch.store.read = async (...args) => {
    // One message is looked at to see whether there is any, and not kept.
    if (args[2] > 1) pages++
    return await read(...args)
  }
  const socket = await pausedReader(t, port, body)
  await watch.until(boxes.length)
  await watch.until(0)
  t.ok(pages < boxes.length, `${pages} pages were read`)
  socket.resume()
  await closed(socket)
  t.same(outgoingOf(app).unsent, { responses: 0, bytes: 0 })

  const origin = `http://127.0.0.1:${port}`
  const back = await openBoxStream(t, origin, boxes.map(({ id }) => ({ id, after: 18 })))
  await back.until(({ text }) => text.length > 2 * boxes.length * MESSAGE.length && text.endsWith('"}\n\n'))
  t.same(back.events.map(({ data }) => JSON.parse(data).seq).sort(), [...Array(16).fill(19), ...Array(16).fill(20)])
})

t.test('a reader paused while messages keep coming to its boxes is cut off, and memory stays flat', async t => {
  const { app, watch, boxes, port, body, store } = await setUp(t, 4)
  await pausedReader(t, port, body)
  await watch.until(boxes.length)
  const before = held()
  let most = 0
  for (let seq = 1; seq <= 200 && watch.open > 0; seq++) {
    for (const box of boxes) {
      await store(box)
      await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: seq }) })
    }
    if (seq % 2 === 0) most = Math.max(most, held() - before)
  }
  await watch.until(0)
  t.ok(most < 20 * MIB, `grew by ${(most / MIB).toFixed(1)} MiB`)
})

const WAYS: Record<string, (socket: Socket) => void> = {
  closed: socket => { socket.destroy() },
  reset: socket => { socket.resetAndDestroy() },
  'half-closed': socket => { socket.end() }
}

for (const [way, leave] of Object.entries(WAYS)) {
  t.test(`streams in pipelines that are ${way} free every place`, async t => {
    const places = 3
    const { app, watch, boxes, port, body } = await setUp(t, 5, { maxWaiters: 100, rateLimit: { waiters: places, reads: 100_000 } })
    const status = async () => (await app.inject({ method: 'POST', url: '/streams', ...json({ boxes: [{ id: `box_${'A'.repeat(32)}` }] }), remoteAddress: '127.0.0.1' })).statusCode
    for (let round = 0; round < 2; round++) {
      const sockets = await Promise.all(Array.from({ length: places }, async () => await pausedReader(t, port, body, true)))
      for (const socket of sockets) socket.write(request(body).repeat(2))
      while (await status() !== 429) await turn()
      await watch.until(places * boxes.length)
      for (const socket of sockets) leave(socket)
      await watch.until(0)
      while (await status() !== 200) await turn()
    }
    t.equal(outgoingOf(app).unsent.responses, 0)
  })
}

t.test('over HTTP/2, many streams for many boxes share a connection, and free every place one by one or all at once', async t => {
  const { watch, boxes, port, body } = await setUp(t, 5, { server: { http2: true } as object, rateLimit: { waiters: 8, reads: 100_000 } })
  for (const end of ['streams', 'session']) {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    t.teardown(() => { session.destroy() })
    const streams = Array.from({ length: 8 }, () => {
      const stream = session.request({ ':method': 'POST', ':path': '/streams', 'content-type': 'application/json' })
      stream.on('error', () => {})
      return stream.end(body)
    })
    await watch.until(8 * boxes.length)
    let text = ''
    streams[0]!.setEncoding('utf8').on('data', chunk => { text += chunk })
    await boxes[3]!.store(end)
    while (!text.includes(`"data":"${end}"}`)) await once(streams[0]!, 'data')
    t.match(text, /data: {"box":3,"seq":1,"data":"streams"}/)
    if (end === 'session') session.destroy()
    else for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL)
    await watch.until(0)
  }
})
