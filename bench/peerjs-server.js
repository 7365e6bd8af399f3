// One server for clients of PeerJS, in a process of its own: `node bench/peerjs-server.js official|memory|lmdb [dir]`.
// It reports its port, and replies to `memory` on its IPC channel with what the process uses.
import Fastify from 'fastify'
import { PeerServer } from 'peer'
import { lmdbStore, memoryStore } from '../dist/index.js'
import { peerjsPlugin } from '../dist/compat/peerjs/index.js'

const [kind, directory] = process.argv.slice(2)

process.on('message', () => {
  globalThis.gc?.()
  process.send({ memory: process.memoryUsage() })
})
process.send({ port: await (kind === 'official' ? official() : ours()) })

async function official () {
  process.on('disconnect', () => { process.exit(0) })
  // It says the port only of a server that listens already.
  return await new Promise(resolve => {
    PeerServer({ port: 0, host: '127.0.0.1', path: '/', concurrent_limit: 1e6 }, server => { resolve(server.address().port) })
  })
}

async function ours () {
  const app = Fastify()
  const store = kind === 'lmdb' ? await lmdbStore({ path: directory }) : memoryStore()
  // Limits out of the way, as the other server has none.
  await app.register(peerjsPlugin, { prefix: '/', store, rateLimit: false, maxStoreBytes: 2 ** 40 })
  process.on('disconnect', () => { app.close().then(() => process.exit(0)) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}
