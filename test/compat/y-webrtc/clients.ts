import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import WebSocket from 'ws'
import type { YWebrtcPluginOptions } from '../../../src/compat/y-webrtc/options.js'
import { createYWebrtcPlugin } from '../../../src/compat/y-webrtc/plugin.js'
import type { Limiter } from '../../../src/http/rate-limit.js'
import { TestClock } from '../../helpers/build.js'
import { RawSocket } from '../raw-socket.js'

export interface Served {
  app: FastifyInstance
  clock: TestClock
  /** of HTTP, with the prefix */
  url: string
  port: number
  connect: (headers?: Record<string, string>) => RawSocket
  /** connects, and waits until it is subscribed */
  join: (...topics: string[]) => Promise<RawSocket>
}

interface ServeOptions extends YWebrtcPluginOptions {
  clock?: TestClock
  limiter?: Limiter
  /** how long a socket may be silent, in ms */
  silence?: number
}

/** A server with the endpoint, on a free port and closed with the test, without rate limits where not asked for. */
export async function serve (t: Test, { clock = new TestClock(), limiter, silence, ...options }: ServeOptions = {}): Promise<Served> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(createYWebrtcPlugin({ clock, ...limiter && { limiter }, ...silence && { silence } }), { rateLimit: false, ...options, prefix: '/y' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, clock, port, ...clientsAt(t, `http://127.0.0.1:${port}/y`) }
}

/** @param url of the endpoint, with its path */
export function clientsAt (t: Test, url: string): Pick<Served, 'url' | 'connect' | 'join'> {
  const connect: Served['connect'] = (headers = {}) => new RawSocket(t, new WebSocket(url.replace('http', 'ws'), { headers }))
  return {
    url,
    connect,
    async join (...topics) {
      const client = connect()
      client.socket.on('open', () => { client.send({ type: 'subscribe', topics }) })
      await isSubscribed(client, ...topics)
      return client
    }
  }
}

/** Resolves when the client, which has subscribed to these topics, gets what it publishes itself, in any order. */
export async function isSubscribed (client: RawSocket, ...topics: string[]): Promise<void> {
  const publish = (): void => { for (const topic of topics) client.send(publication(topic, 'mine')) }
  if (client.socket.readyState === client.socket.OPEN) publish()
  else client.socket.on('open', publish)
  const left = new Set(topics)
  while (left.size > 0) {
    const message = await client.next()
    if (message.data !== 'mine' || !left.delete(message.topic)) throw new Error(`received ${JSON.stringify(message)}`)
  }
}

export function publication (topic: string, data: unknown): { type: 'publish', topic: string, data: unknown } {
  return { type: 'publish', topic, data }
}

/** The data of the next publications to this client that are not about its own arrival or another's. */
export async function hears (client: RawSocket, count: number): Promise<unknown[]> {
  const heard: unknown[] = []
  while (heard.length < count) {
    const { data } = await client.next()
    if (data !== 'mine') heard.push(data)
  }
  return heard
}
