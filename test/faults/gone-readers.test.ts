import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { outgoingOf } from '../../src/http/outgoing-of.js'
import { build, type BuildOptions } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { temporaryDirectory } from '../helpers/server-process.js'
import { watchedStore } from '../helpers/stream-reader.js'

/** How many long-polls and streams an address may have. */
const PLACES = 8

async function setUp (t: Test, options: BuildOptions = {}) {
  const watch = watchedStore()
  const built = await build(t, { store: watch.store, maxWaiters: 10_000, rateLimit: { waiters: PLACES, reads: 100_000 }, ...options })
  await built.app.listen({ host: '127.0.0.1', port: 0 })
  const box = await built.createBox()
  const { port } = built.app.server.address() as AddressInfo
  return { ...built, watch, box, port }
}

async function connected (t: Test, port: number): Promise<Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const get = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n')

const WAYS: Record<string, (socket: Socket) => void> = {
  closed: socket => { socket.destroy() },
  reset: socket => { socket.resetAndDestroy() },
  'half-closed': socket => { socket.end() }
}

for (const [way, leave] of Object.entries(WAYS)) {
  for (const kind of ['long-polls', 'streams']) {
    t.test(`${kind} in pipelines that are ${way} free every place`, async t => {
      const { watch, app, box, port, createBox } = await setUp(t)
      const filled = await createBox()
      await filled.store('')
      // Takes a place, and gives it back at once.
      const place = `${filled.messages}?wait=60`
      const finds = async (url: string) => (await app.inject({ url, remoteAddress: '127.0.0.1' })).statusCode
      const request = kind === 'streams' ? get(box.messages, 'accept: text/event-stream') : get(`${box.messages}?wait=60`)
      for (let round = 0; round < 3; round++) {
        const sockets = await Promise.all(Array.from({ length: PLACES }, async () => await connected(t, port)))
        for (const socket of sockets) {
          socket.pause()
          socket.write(request.repeat(PLACES))
        }
        // The places of the address are all taken, and in the next round again.
        while (await finds(place) !== 429) await turn()
        t.equal(watch.open, PLACES, 'only the first on each connection waits')
        for (const socket of sockets) leave(socket)
        await watch.until(0)
        while (await finds(place) !== 200) await turn()
      }
      t.equal(outgoingOf(app).unsent.responses, 0)
    })
  }
}

t.test('pipelined streams from 200 addresses leave nothing behind', async t => {
  const { app, watch, box, port } = await setUp(t, { server: { trustProxy: true } })
  const sockets = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const socket = await connected(t, port)
    socket.write(get(box.messages, 'accept: text/event-stream', `x-forwarded-for: 203.0.113.${i}`).repeat(4))
    return socket
  }))
  await watch.until(200)
  for (const [i, socket] of sockets.entries()) (i % 2 === 0 ? WAYS['closed'] : WAYS['reset'])?.(socket)
  await watch.until(0)
  t.equal(watch.open, 0)
  t.same(outgoingOf(app).unsent, { responses: 0, bytes: 0 })
})

t.test('a long-poll and a stream end when the server stops reading their connection, since nobody would notice the client leaving', async t => {
  const { app, watch, box, port } = await setUp(t)
  for (const held of [get(`${box.messages}?wait=60`), get(box.messages, 'accept: text/event-stream')]) {
    const accepted = once(app.server, 'connection')
    const socket = await connected(t, port)
    let text = ''
    socket.on('data', data => { text += data })
    socket.write(held)
    await watch.until(1);
    // As Node does by itself when too much waits on the connection.
    (await accepted)[0].pause()
    await watch.until(0)
    while (!text.startsWith('HTTP/1.1 200')) await once(socket, 'data')
    t.match(text, /^HTTP\/1.1 200/)
    socket.destroy()
  }
})

t.test('streams and long-polls of an HTTP/2 session free every place, one by one or all at once', async t => {
  const { watch, box, port } = await setUp(t, { server: { http2: true } as object })
  for (const end of ['streams', 'session']) {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    t.teardown(() => { session.destroy() })
    const streams = Array.from({ length: PLACES }, (_, i) => session.request(i % 2 === 0
      ? { ':path': box.messages, accept: 'text/event-stream' }
      : { ':path': `${box.messages}?wait=60` }))
    for (const stream of streams) stream.on('error', () => {})
    await watch.until(PLACES)
    if (end === 'session') session.destroy()
    else for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL)
    await watch.until(0)
  }
  t.equal(watch.total, 2 * PLACES)
})

t.test('a request that is reset at once is dropped without a log line', async t => {
  const lines: string[] = []
  const { port, watch } = await setUp(t, { server: { logger: { stream: { write: (line: string) => { lines.push(line) } } } } })
  const asked: string[] = []
  const create = watch.store.create.bind(watch.store)
  watch.store.create = async (...args) => {
    asked.push('create')
    await create(...args)
  }
  for (let i = 0; i < 20; i++) {
    const socket = await connected(t, port)
    socket.write('POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
    // Both are there before the server looks at either.
    setImmediate(() => { socket.resetAndDestroy() })
    const until = performance.now() + 3
    while (performance.now() < until) { /* nothing else runs */ }
    await closed(socket)
  }
  const alive = await connected(t, port)
  alive.write('POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  t.match(String((await once(alive, 'data'))[0]), /^HTTP\/1.1 201/)
  t.notMatch(lines.join(''), /"level":(40|50|60)|"statusCode":500/)
  t.ok(asked.length < 20, `${asked.length} of 21 were looked at`)
})

t.test('a server responds on a Unix socket, where clients have no address', { skip: process.platform === 'win32' && 'no Unix sockets' }, async t => {
  const { app } = await build(t)
  const path = join(await temporaryDirectory(t), 'socket')
  await app.listen({ path })
  const socket = net.connect(path)
  t.teardown(() => { socket.destroy() })
  socket.write('POST /boxes HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1.1 201/)
})
