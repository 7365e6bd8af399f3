import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import WebSocket from 'ws'
import { BoxService } from '../../../src/box/box-service.js'
import { PeerBoxes } from '../../../src/compat/peerjs/peer-boxes.js'
import type { Account } from '../../../src/compat/sockets.js'
import { createPeerjsPlugin } from '../../../src/compat/peerjs/plugin.js'
import type { PeerjsPluginOptions } from '../../../src/compat/peerjs/options.js'
import type { Store } from '../../../src/store/store.js'
import { TestClock } from '../../helpers/build.js'
import { RawSocket } from '../raw-socket.js'

export interface Served {
  app: FastifyInstance
  clock: TestClock
  /** of HTTP, with the prefix */
  url: string
  port: number
  connect: (id: string, token?: string, more?: { key?: string, headers?: Record<string, string> }) => RawSocket
  /** connects and waits until it is open */
  join: (id: string, token?: string) => Promise<RawSocket>
}

interface ServeOptions extends PeerjsPluginOptions {
  clock?: TestClock
  /** in ms */
  soon?: { expire?: number, silence?: number }
}

/** A server with the endpoint, on a free port and closed with the test, without rate limits where not asked for. */
export async function serve (t: Test, { clock = new TestClock(), soon = {}, ...options }: ServeOptions = {}): Promise<Served> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(createPeerjsPlugin({ clock, ...soon }), { rateLimit: false, ...options, prefix: '/p' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, clock, port, ...peersAt(t, `http://127.0.0.1:${port}/p`) }
}

/** @param url of the endpoint, with its prefix */
export function peersAt (t: Test, url: string): Pick<Served, 'url' | 'connect' | 'join'> {
  const connect: Served['connect'] = (id, token = `token of ${id}`, { key = 'peerjs', headers = {} } = {}) => {
    const query = new URLSearchParams({ key, id, token, version: '1.5.5' })
    return new RawSocket(t, new WebSocket(`${url.replace('http', 'ws')}/peerjs?${query}`, { headers }))
  }
  return {
    url,
    connect,
    async join (id, token) {
      const peer = connect(id, token)
      await peer.gets({ type: 'OPEN' })
      return peer
    }
  }
}

/** Who has no limits. */
export const anyone: Account = { holder: undefined, creates: async () => {}, stores: async () => {} }

/** The boxes of peers, as another server with the same store uses them. */
export function boxesOf (t: Test, store: Store, clock = new TestClock()): PeerBoxes {
  const service = new BoxService(store, clock, { maxMessages: 100, maxBoxBytes: 10_000 }, { ttl: 90, maxWaiters: 32, maxRoomWaiters: 256 })
  t.teardown(() => service.close())
  return new PeerBoxes(service, service, 'peerjs', 90)
}

/** Resolves when nothing waits in the box any more. */
export async function isEmpty (store: Store, drop: string, clock: TestClock): Promise<void> {
  while ((await store.read(drop, 0, 1, clock.now())).texts.length > 0) await new Promise(resolve => { setTimeout(resolve, 5) })
}
