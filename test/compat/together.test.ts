import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { boxPlugin } from '../../src/index.js'
import { peerjsPlugin } from '../../src/compat/peerjs/index.js'
import { yWebrtcPlugin } from '../../src/compat/y-webrtc/index.js'
import { peersAt } from './peerjs/peers.js'
import { RawSocket } from './raw-socket.js'
import { sharedStore } from './stores.js'
import { clientsAt } from './y-webrtc/clients.js'

/** An app with both endpoints, each of them twice, and the box API over the same store. */
async function host (t: Test, prepare: (app: FastifyInstance) => Promise<void> = async () => {}): Promise<string> {
  const app = Fastify()
  t.teardown(() => app.close())
  await prepare(app)
  const store = sharedStore()
  await app.register(boxPlugin, { store })
  for (const prefix of ['/p', '/other/p']) await app.register(peerjsPlugin, { store, prefix })
  for (const prefix of ['/y', '/other/y']) await app.register(yWebrtcPlugin, { store, prefix })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

async function servesAll (t: Test, url: string): Promise<void> {
  const anna = await peersAt(t, `${url}/p`).join('anna')
  const ben = await clientsAt(t, `${url}/y`).join('anna')
  const carl = await peersAt(t, `${url}/other/p`).join('carl')
  await clientsAt(t, `${url}/other/y`).join('anna')
  t.match(await ben.next(), { data: 'mine', clients: 1 }, 'of the other endpoint with the same store')
  carl.send({ type: 'OFFER', dst: 'anna', payload: 1 })
  await anna.gets({ type: 'OFFER', src: 'carl', dst: 'anna', payload: 1 })
  t.equal((await fetch(`${url}/boxes`, { method: 'POST' })).status, 201)
}

t.test('one app serves clients of PeerJS and of y-webrtc', async t => {
  await servesAll(t, await host(t))
})

t.test('and so it does beside WebSockets of its own', async t => {
  const url = await host(t, async app => {
    await app.register(websocket, { options: { maxPayload: 65_536 } })
    app.get('/own', { websocket: true }, socket => { socket.send('"its own"') })
  })
  await servesAll(t, url)
  const own = new RawSocket(t, new WebSocket(`${url.replace('http', 'ws')}/own`))
  t.equal(await own.next(), 'its own')
})
