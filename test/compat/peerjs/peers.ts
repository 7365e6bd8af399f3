import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import WebSocket from 'ws'
import { BoxService } from '../../../src/box/box-service.js'
import { PeerBoxes } from '../../../src/compat/peerjs/peer-boxes.js'
import type { Account } from '../../../src/compat/sockets.js'
import { createPeerjsPlugin } from '../../../src/compat/peerjs/plugin.js'
import type { PeerjsPluginOptions } from '../../../src/compat/peerjs/options.js'
import { memoryStore } from '../../../src/store/memory.js'
import type { Store } from '../../../src/store/store.js'
import { TestClock } from '../../helpers/build.js'
import { until } from '../../helpers/until.js'

export interface Served {
  app: FastifyInstance
  clock: TestClock
  /** of HTTP, with the prefix */
  url: string
  port: number
  connect: (id: string, token?: string, more?: { key?: string, headers?: Record<string, string> }) => RawPeer
  /** connects and waits until it is open */
  join: (id: string, token?: string) => Promise<RawPeer>
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
    return new RawPeer(t, new WebSocket(`${url.replace('http', 'ws')}/peerjs?${query}`, { headers }))
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

/** A store, and the parameters of each call of its operations. */
export function watchedStore (kept = memoryStore()): { store: Store, calls: [operation: string, ...parameters: any[]][] } {
  const calls: [string, ...any[]][] = []
  const store = new Proxy(kept, {
    get: (_target, name: string) => {
      const member: unknown = kept[name as keyof Store]
      if (typeof member !== 'function') return member
      return (...parameters: unknown[]) => {
        calls.push([name, ...parameters])
        return member.apply(kept, parameters)
      }
    }
  })
  return { store, calls }
}

/** A store whose operations are preceded by something else, which may fail in their stead. */
export function changed (kept: Store, before: (operation: string, drop: string) => Promise<void>): Store {
  return new Proxy(kept, {
    get: (_target, name: string) => {
      const member: unknown = kept[name as keyof Store]
      if (typeof member !== 'function') return member
      return async (...parameters: unknown[]) => {
        await before(name, String(parameters[0]))
        return await member.apply(kept, parameters)
      }
    }
  })
}

/** A store that several servers in this process share, as they share a Redis. */
export function sharedStore (): Store {
  const store = memoryStore()
  return new Proxy(store, {
    get: (_target, name) => {
      if (name === 'close') return async () => {}
      const member = store[name as keyof Store]
      return typeof member === 'function' ? member.bind(store) : member
    }
  })
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

/** A socket, and everything it gets. */
export class RawPeer {
  readonly socket: WebSocket
  readonly received: any[] = []
  /** the status of a refused handshake */
  refused: number | undefined
  code: number | undefined

  constructor (t: Test, socket: WebSocket) {
    this.socket = socket
    t.teardown(() => { socket.terminate() })
    socket.on('message', data => { this.received.push(JSON.parse(String(data))) })
    socket.on('error', () => {})
    socket.on('unexpected-response', (_request, response) => {
      this.refused = response.statusCode
      socket.terminate()
    })
    socket.on('close', code => { this.code = code })
  }

  send (message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Resolves with its next message, which it takes. */
  async next (): Promise<any> {
    await until(() => this.received.length > 0 || this.code !== undefined)
    if (this.received.length === 0) throw new Error(`The socket was closed with ${this.code}`)
    return this.received.shift()
  }

  /** Its next message must be this one. */
  async gets (expected: object): Promise<void> {
    const message = await this.next()
    if (JSON.stringify(message) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, received ${JSON.stringify(message)}`)
  }

  /** @returns the code with which it is closed */
  async closed (): Promise<number> {
    await until(() => this.code !== undefined)
    return this.code as number
  }

  async leave (): Promise<void> {
    this.socket.close()
    await this.closed()
  }
}
