// One server to measure, in a process of its own:
// `node bench/server.js bare|headers|flush|memory|lmdb|redis [dir or url] [maxBoxBytes]`. `headers` is the bare routes with
// the headers that all responses of the plugin have; `flush` is the bare routes, which flush a counter before they respond
// to a write; `memory N` has N boxes from the start. It reports its port, and replies to `memory` on its IPC channel with
// what the process uses.
import Fastify from 'fastify'
import { open } from 'lmdb'
import * as signalbox from '../dist/index.js'
import { ANY_ORIGIN, SECURITY_HEADERS } from '../dist/http/resource.js'
import { Commits } from '../dist/store/lmdb/commits.js'
import { message } from './lib.js'

const [kind, where, maxBoxBytes = 2 ** 40] = process.argv.slice(2)
const app = Fastify({ bodyLimit: 1024 * 1024 })

if (kind === 'bare' || kind === 'headers' || kind === 'flush') {
  if (kind === 'headers') {
    const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'x-robots-tag': 'noindex', ...ANY_ORIGIN }
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
  }
  if (kind === 'flush') {
    const flush = await flusher(where)
    app.addHook('preHandler', async ({ method }) => { if (method !== 'GET') await flush() })
  }
  const page = { type: 'msgs', data: [JSON.parse(message)], next: 1 }
  app.post('/boxes', async (_request, reply) => {
    const box = 'box_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    return reply.code(201).header('location', `/boxes/${box}`).send({ type: 'created', data: box, drop: `drop_${box.slice(4)}`, expires: '2026-11-22T12:00:00.000Z' })
  })
  app.post('/boxes/:box/messages', async () => ({ type: 'ack', data: 1, seq: 1 }))
  app.get('/boxes/:box/messages', async () => page)
  app.delete('/boxes/:box/messages', async () => page)
} else {
  const store = await {
    memory: () => filled(signalbox.memoryStore(), Number(where)),
    lmdb: () => signalbox.lmdbStore({ path: where }),
    redis: () => signalbox.redisStore({ url: where })
  }[kind]()
  // Limits out of the way: what is measured is the work, not the refusals.
  await app.register(signalbox.boxPlugin, { store, rateLimit: false, maxMessages: 1_000_000, maxBoxBytes: Number(maxBoxBytes), maxStoreBytes: 2 ** 40, maxWaiters: 1_000_000, docs: false })
}
await app.listen({ port: 0, host: '127.0.0.1' })

process.on('message', () => {
  globalThis.gc?.()
  process.send({ memory: process.memoryUsage() })
})
process.on('disconnect', () => { app.close().then(() => process.exit(0)) })
process.send({ port: app.server.address().port })

/** Group commit, as the LMDB store does it, of transactions that write nothing but a number. */
async function flusher (path) {
  const root = open({ path, noSubdir: false, encoding: 'binary', overlappingSync: false, eventTurnBatching: false })
  let flushes = 0
  const transaction = apply => root.childTransaction(() => {
    apply()
    root.put('flushes', Buffer.from(String(++flushes)))
  })
  const commits = new Commits(transaction, 5_000, error => { throw error }, () => Infinity)
  return () => commits.run(() => {})
}

async function filled (store, boxes) {
  const limits = { maxMessages: 1, maxBoxBytes: 1, maxStoreBytes: 2 ** 40 }
  for (let i = 0; i < boxes; i++) await store.create(`drop_${String(i).padStart(32, '0')}`, 1e9, Date.now(), limits)
  return store
}
