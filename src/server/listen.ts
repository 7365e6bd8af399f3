import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { closeIdle } from '../http/closing.js'

/** What is still unanswered this long after the end began is cut, ms. */
const PATIENCE = 5_000

/** This machine may lack the address family. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** Starts to listen and resolves with the port once it does, on every one of the addresses. */
type Listen = (addresses: readonly string[], port: number) => Promise<number>

/**
 * Listens on several addresses, as `localhost` has one in IPv4 and one in IPv6; and closes so that
 * what was accepted is answered before anything behind it ends. Fastify would listen on both too,
 * but closes the second without waiting for its requests.
 *
 * To be called after the plugins whose `onClose` has to wait for the last answer.
 */
export function listening (app: FastifyInstance): Listen {
  const others: Server[] = []
  let othersClosed: Promise<unknown> | undefined
  let end: NodeJS.Timeout

  closeIdle(app)
  app.addHook('preClose', async () => {
    othersClosed = Promise.all(others.map(server => new Promise(resolve => { server.close(resolve) })))
    end = setTimeout(() => { app.server.closeAllConnections() }, PATIENCE)
  })
  // A client that goes on over the same connection would hold the end up.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (othersClosed !== undefined) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onClose', async () => {
    await othersClosed
    clearTimeout(end)
  })

  return async (addresses, port) => {
    const chosen = (): number => (app.server.address() as AddressInfo).port
    for (const host of addresses) {
      if (!app.server.listening) await app.listen({ host, port })
      else others.push(...await listenAlso(app, host, chosen()))
    }
    return chosen()
  }
}

/** What to listen on for a host: `localhost` is all that it stands for, and any other is itself. */
export async function addressesOf (host: string): Promise<string[]> {
  if (host !== 'localhost') return [host]
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/** Connections to the address are handed to the app's own server, with its timeouts and limits. */
async function listenAlso (app: FastifyInstance, host: string, port: number): Promise<Server[]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => { app.server.emit('connection', socket) })
  try {
    server.listen({ host, port })
    await once(server, 'listening')
    return [server]
  } catch (error) {
    if (NO_SUCH_ADDRESS.has((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
