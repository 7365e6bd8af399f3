import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { boxPlugin, type BoxPluginOptions } from '../../src/index.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SealedMessage } from '../../clients/typescript/src/webrtc/sealing.js'

/** Something that a lying server puts into a box: the box by its drop address, and what it stores there. */
export interface Stored { to: string, message: SealedMessage }

/**
 * What a lying server makes of a message: everything that it stores instead of it. It sees what any
 * server sees, and can store whatever it likes, wherever and whenever it likes.
 */
export type Lie = (message: SealedMessage, honestly: Stored) => unknown

export interface Server {
  /** The base URL. */
  url: string
  /** Method and path of each request, without the capability. */
  requests: string[]
  /** Everything that was stored, as the server sees it. */
  seen: Stored[]
  close: () => Promise<unknown>
}

/** The next value of a loop that is left after it. */
export async function next<T> (values: AsyncIterable<T>): Promise<T> {
  const { done, value } = await values[Symbol.asyncIterator]().next()
  if (done) throw new Error('It has ended')
  return value
}

/** A real server on loopback, honest or with a store that lies. */
export async function serve (t: Test, { lie, routes, ...options }: BoxPluginOptions & { lie?: Lie, routes?: (app: FastifyInstance) => void } = {}): Promise<Server> {
  const store = memoryStore()
  const requests: string[] = []
  const seen: Stored[] = []
  const append = store.append.bind(store)
  let limits: Parameters<typeof append>[3] | undefined
  const put = async ({ to, message }: Stored, key?: { id: string, digest: string }) => {
    const text = JSON.stringify(message)
    return await append(to, { text, bytes: Buffer.byteLength(text), key }, Date.now(), limits!)
  }
  store.append = async (to, message, now, given) => {
    limits = given
    const honestly = { to, message: JSON.parse(message.text) }
    seen.push(honestly)
    const instead = lie?.(honestly.message, honestly)
    if (instead === undefined) return await append(to, message, now, given)
    let appended = { seq: 1, count: 1 }
    for (const stored of instead as Stored[]) appended = await put(stored)
    return appended
  }

  // A connection that a client opened ahead of a request is not idle to Node, and would hold the end back for a minute.
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async request => {
    requests.push(`${request.method} ${request.url.replace(/(box|drop)_[\w-]{32}/, '{$1}').replace(/\?.*/, '')}`)
  })
  await app.register(boxPlugin, { rateLimit: false, docs: false, ...options, store })
  routes?.(app)
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, requests, seen, close: async () => await app.close() }
}
