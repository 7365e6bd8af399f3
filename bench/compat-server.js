// One server for clients of another project, in a process of its own:
// `node bench/compat-server.js peerjs|y-webrtc official|memory|lmdb [dir]`.
// It reports its port, and replies to `memory` on its IPC channel with what the process uses.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import Fastify from 'fastify'
import { PeerServer } from 'peer'
import { lmdbStore, memoryStore } from '../dist/index.js'
import { peerjsPlugin } from '../dist/compat/peerjs/index.js'
import { yWebrtcPlugin } from '../dist/compat/y-webrtc/index.js'
import { freePort, sleep } from './lib.js'

const protocols = {
  peerjs: { plugin: peerjsPlugin, official: peerServer },
  'y-webrtc': { plugin: yWebrtcPlugin, official: signalingServer }
}

const [protocol, kind, directory] = process.argv.slice(2)
const { plugin, official } = protocols[protocol]

process.on('message', () => {
  globalThis.gc?.()
  process.send({ memory: process.memoryUsage() })
})
process.send({ port: await (kind === 'official' ? official() : ours()) })

async function peerServer () {
  process.on('disconnect', () => { process.exit(0) })
  // It says the port only of a server that listens already.
  return await new Promise(resolve => {
    PeerServer({ port: 0, host: '127.0.0.1', path: '/', concurrent_limit: 1e6 }, server => { resolve(server.address().port) })
  })
}

async function signalingServer () {
  process.on('disconnect', () => { process.exit(0) })
  const port = await freePort()
  process.env.PORT = String(port)
  // It says that it listens.
  console.log = () => {}
  await import(join(dirname(createRequire(import.meta.url).resolve('y-webrtc')), '../bin/server.js'))
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}`)
      return port
    } catch {
      await sleep(5)
    }
  }
}

async function ours () {
  const app = Fastify()
  const store = kind === 'lmdb' ? await lmdbStore({ path: directory }) : memoryStore()
  // Limits out of the way, as the other server has none.
  await app.register(plugin, { prefix: '/', store, rateLimit: false, maxStoreBytes: 2 ** 40 })
  process.on('disconnect', () => { app.close().then(() => process.exit(0)) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}
