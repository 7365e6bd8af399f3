// What responses that nobody reads cost: 2,000 of them, plain, held and streamed, over HTTP/1.1 and HTTP/2. Not part of
// a whole run, as it takes minutes and needs Python: `npm run bench -- unread`.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import http2 from 'node:http2'
import Fastify from 'fastify'
import { boxPlugin } from '../dist/index.js'
import { outgoingOf } from '../dist/http/outgoing-of.js'
import { report, sleep } from './lib.js'

const ANSWERS = 2_000
const SIZE = 1_000_000
const MIB = 1024 * 1024
/** Each client address has its own share of what may be unsent. */
const ADDRESSES = 200

/** Readers with a small receive buffer, which Node cannot create: each sends a request, reads nothing, and disconnects when stdin ends. */
const READERS = `
import socket, sys
port, count, path, accept = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
kept = []
for i in range(count):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(('127.0.1.%d' % (i % ${ADDRESSES} + 1), 0))
    s.connect(('127.0.0.1', port))
    s.sendall(('GET %s HTTP/1.1\\r\\nHost: x\\r\\nAccept: %s\\r\\nX-Reader: 1\\r\\n\\r\\n' % (path, accept)).encode())
    kept.append(s)
print('asked', flush=True)
sys.stdin.read()
`

// In a process of its own, this file is the server.
if (process.send !== undefined) await serve(process.argv[2] === 'HTTP/2')

async function serve (http2) {
  const app = Fastify({ http2 })
  let asked = 0
  app.addHook('onRequest', async request => { if (request.headers['x-reader'] !== undefined) asked++ })
  await app.register(boxPlugin, { rateLimit: false, docs: false, maxWaiters: 1_000_000, maxMessageBytes: MIB, maxBoxBytes: 4 * MIB })
  await app.listen({ host: '127.0.0.1', port: 0 })
  process.on('message', async what => {
    // Memory outside the heap is returned a moment later.
    if (what === 'collect') {
      for (let i = 0; i < 2; i++) {
        globalThis.gc()
        await sleep(200)
      }
    }
    const path = what === 'create' ? (await app.inject({ method: 'POST', url: '/boxes' })).headers.location : undefined
    if (what.store !== undefined) await app.inject({ method: 'POST', url: `${what.store}/messages`, payload: `"${'m'.repeat(SIZE)}"`, headers: { 'content-type': 'application/json' } })
    process.send({ path, asked, rss: process.memoryUsage.rss(), unsent: outgoingOf(app).unsent.bytes })
  })
  process.on('disconnect', () => { process.exit() })
  process.send({ port: app.server.address().port })
}

export async function run () {
  for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
    for (const kind of ['plain', 'long-poll', 'stream']) {
      const child = fork(new URL(import.meta.url), [protocol], { execArgv: ['--expose-gc'] })
      const [{ port }] = await once(child, 'message')
      const tell = async what => {
        child.send(what)
        return (await once(child, 'message'))[0]
      }
      const { path } = await tell('create')
      if (kind !== 'long-poll') await tell({ store: path })
      const before = await tell('collect')
      const readers = await ask(protocol, port, ANSWERS, `${path}/messages${kind === 'long-poll' ? '?wait=60' : ''}`, kind === 'stream' ? 'text/event-stream' : '*/*')
      if (kind === 'long-poll') {
        while ((await tell('look')).asked < ANSWERS) await sleep(50)
        await tell({ store: path })
      }
      const most = { rss: 0, unsent: 0 }
      // Until the last request has arrived, and a little longer.
      for (let i = 0; i < 40;) {
        const now = await tell('look')
        if (now.asked === ANSWERS) i++
        for (const what of ['rss', 'unsent']) most[what] = Math.max(most[what], now[what])
        await sleep(50)
      }
      // The readers stay, and still read nothing.
      await sleep(13_000)
      const after = await tell('collect')
      report(`${ANSWERS} ${kind} answers unread, ${protocol}: before, most, 15 s later`,
        `${[before.rss, most.rss, after.rss].map(bytes => Math.round(bytes / MIB)).join(', ')} MiB (unsent ${Math.round(most.unsent / MIB)}, ${Math.round(after.unsent / MIB)})`, '<= 256 MiB', most.rss / MIB)
      readers.leave()
      child.disconnect()
      await once(child, 'exit')
    }
  }
}

async function ask (protocol, port, count, path, accept) {
  if (protocol === 'HTTP/1.1') {
    const python = spawn('python3', ['-c', READERS, port, count, path, accept], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(python.stdout, 'data')
    return { leave: () => { python.stdin.end() } }
  }
  const sessions = Array.from({ length: ADDRESSES }, (_, i) => http2.connect(`http://127.0.0.1:${port}`, { localAddress: `127.0.1.${i + 1}` }))
  for (const session of sessions) session.on('error', () => {})
  for (let i = 0; i < count; i++) {
    sessions[i % ADDRESSES].request({ ':path': path, accept, 'x-reader': '1' }).on('error', () => {})
    if (i % 100 === 0) await sleep(1)
  }
  await sleep(500)
  return { leave: () => { for (const session of sessions) session.destroy() } }
}
