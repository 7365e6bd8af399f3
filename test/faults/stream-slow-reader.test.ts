import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { outgoingLimits } from '../../src/http/outgoing.js'
import { build, json, jsonText, type BuildOptions } from '../helpers/build.js'
import { closed } from '../helpers/closed.js'
import { openStream, watchedStore } from '../helpers/stream-reader.js'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const MESSAGE = `"${'m'.repeat(64 * 1024 - 2)}"`
const MIB = 1024 * 1024

/** What this process holds: the heap, and what is outside of it. */
function held (): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function setUp (t: Test, options: BuildOptions = {}) {
  const watch = watchedStore()
  const built = await build(t, { store: watch.store, heartbeat: 1, limits: { ...outgoingLimits, stallTimeout: 2 }, ...options })
  const box = await built.createBox()
  await built.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = built.app.server.address() as AddressInfo
  return { ...built, watch, box, port, url: `http://127.0.0.1:${port}${box.messages}` }
}

/** Asks for a stream on a socket that is not read until `resume`. */
async function pausedReader (t: Test, port: number, path: string): Promise<Socket> {
  const socket = net.connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n`)
  return socket
}

t.test('a reader paused during 100 MB is cut off, memory stays flat, and it resumes with what is left', async t => {
  const { app, box, watch, port, url } = await setUp(t)
  const store = async (acknowledge: boolean) => {
    const { seq } = (await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })).json()
    if (acknowledge) await app.inject({ method: 'PUT', url: `${box.url}/cursor`, ...json({ after: seq }) })
    return seq as number
  }
  for (let i = 0; i < 50; i++) await store(true)
  const socket = await pausedReader(t, port, box.messages)
  await watch.until(1)
  const before = held()
  let most = 0
  for (let sent = 0; sent < 100 * MIB; sent += 64 * 1024) {
    await store(true)
    if (sent % (4 * MIB) === 0) most = Math.max(most, held() - before)
  }
  t.ok(most < 20 * MIB, `grew by ${(most / MIB).toFixed(1)} MiB`)
  t.equal(watch.open, 0, 'it was cut')
  let received = 0
  socket.on('data', chunk => { received += chunk.length })
  socket.resume()
  await closed(socket)
  t.ok(received < 20 * MIB, `it had been sent ${(received / MIB).toFixed(1)} MiB`)

  const seqs: number[] = []
  for (let i = 0; i < 10; i++) seqs.push(await store(false))
  const back = await openStream(t, url, { 'last-event-id': '51' })
  await back.until(({ text }) => text.includes(`id: ${seqs.at(-1)}\n`) && text.endsWith('\n\n'))
  t.same(back.events.map(({ id }) => Number(id)), seqs)
})

/** Between two chunks of an answer; a large message comes in several. */
const CHUNK_HEADER = /\r\n[0-9a-f]+\r\n/g

/** Reads a stream a little at a time, until what came ends with `end`. */
async function readSlowly (socket: Socket, end: RegExp): Promise<string> {
  const chunks: string[] = []
  let tail = ''
  while (!end.test(tail.replace(CHUNK_HEADER, ''))) {
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) {
      const text = chunk.toString('latin1')
      chunks.push(text)
      tail = (tail + text).slice(-100_000)
    } else if (socket.readableEnded || socket.destroyed) {
      throw new Error(`cut after ${chunks.join('').length} bytes`)
    }
    await sleep(2)
  }
  return chunks.join('').replace(CHUNK_HEADER, '')
}

t.test('a slow reader of a long backlog gets all of it', async t => {
  const { app, box, port } = await setUp(t, { maxMessages: 1000, maxBoxBytes: 16 * MIB })
  for (let i = 0; i < 200; i++) await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })
  const socket = await pausedReader(t, port, box.messages)
  const text = await readSlowly(socket, /id: 200\n[^]*"\n\n/)
  t.same([...text.matchAll(/id: (\d+)\n/g)].map(([, id]) => Number(id)), Array.from({ length: 200 }, (_, i) => i + 1))
  t.equal(text.split(MESSAGE).length - 1, 200)
})

t.test('paused readers of a large message share its memory', async t => {
  const { app, box, watch, port } = await setUp(t, { maxMessageBytes: 8 * MIB, maxBoxBytes: 8 * MIB, limits: { perAddress: 256 * MIB, total: 256 * MIB, stallTimeout: 60 } })
  await app.inject({ method: 'POST', url: box.messages, ...jsonText(`"${'L'.repeat(6 * MIB)}"`) })
  const before = held()
  for (let i = 1; i <= 8; i++) {
    await pausedReader(t, port, box.messages)
    await watch.until(i)
  }
  const more = held() - before
  t.ok(more < 24 * MIB, `${(more / MIB).toFixed(1)} MiB for 8 readers of 6 MiB`)
})

t.test('a message larger than the limit on unsent data still reaches its reader', async t => {
  const { app, box, port } = await setUp(t, { maxMessageBytes: 16 * MIB, maxBoxBytes: 64 * MIB })
  const large = `"${'L'.repeat(12 * MIB)}"`
  const socket = await pausedReader(t, port, box.messages)
  t.equal((await app.inject({ method: 'POST', url: box.messages, ...jsonText(large) })).statusCode, 200)
  await sleep(1200)
  const text = await readSlowly(socket, /L"\n\n/)
  t.ok(text.includes(large))
})

t.test('a reader that takes nothing from its backlog is cut off', async t => {
  const { app, box, watch, port, url } = await setUp(t, { maxMessages: 1000, maxBoxBytes: 32 * MIB })
  const count = 240
  for (let i = 0; i < count; i++) await app.inject({ method: 'POST', url: box.messages, ...jsonText(MESSAGE) })
  const socket = await pausedReader(t, port, box.messages)
  await watch.until(1)
  await watch.until(0)
  socket.resume()
  await closed(socket)
  const back = await openStream(t, url)
  await back.until(({ text }) => text.length > count * MESSAGE.length && text.endsWith('"\n\n'))
  t.equal(back.events.length, count)
})
