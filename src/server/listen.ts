import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Condition } from '../condition.js'
import { closeIdle } from '../http/closing.js'

/** How long the shutdown waits before it closes open connections, in ms. */
const CLOSE_TIMEOUT = 5_000

/** The machine may lack one of the address families. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** Starts to listen on every address and resolves with the port. */
type Listen = (addresses: readonly string[], port: number) => Promise<number>

/**
 * Listens on several addresses, since `localhost` has one in IPv4 and one in IPv6, and shuts down so that
 * everything accepted is answered before anything it depends on is closed. Fastify would also listen on both,
 * but closes the second without waiting for its requests.
 *
 * Call it after the plugins whose `onClose` must wait for the last response.
 */
export function prepareListen (app: FastifyInstance): Listen {
  const otherServers: Server[] = []
  let otherServersClosed: Promise<unknown> | undefined
  let timeout: NodeJS.Timeout

  const sockets = closeIdle(app)
  app.addHook('preClose', async () => {
    otherServersClosed = Promise.all(otherServers.map(server => new Promise(resolve => { server.close(resolve) })))
    // `closeAllConnections` exists without HTTP/2 only.
    timeout = setTimeout(() => { for (const socket of sockets) socket.destroy() }, CLOSE_TIMEOUT)
  })
  // A client that keeps sending over the same connection would delay the shutdown. An HTTP/2 session is told by itself.
  app.addHook('onSend', (request, reply, payload, done) => {
    if (otherServersClosed !== undefined && request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onClose', async () => {
    await otherServersClosed
    clearTimeout(timeout)
  })

  return async (addresses, port) => {
    const chosen = (): number => (app.server.address() as AddressInfo).port
    for (const host of addresses) {
      if (!app.server.listening) await app.listen({ host, port })
      else otherServers.push(...await listenOnAnother(app, host, chosen()))
    }
    surviveAcceptErrors([app.server, ...otherServers], app.log)
    return chosen()
  }
}

/** The addresses to listen on for a host: all addresses of `localhost`; otherwise the host itself. */
export async function addressesOf (host: string): Promise<string[]> {
  if (host !== 'localhost') return [host]
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/** A connection that cannot be accepted, for lack of file descriptors or memory, does not end the server. */
function surviveAcceptErrors (servers: readonly Server[], log: FastifyBaseLogger): void {
  const failing = new Condition(log, { level: 'error', begins: 'A connection could not be accepted', ends: 'Connections are accepted again,' })
  for (const server of servers) {
    server.on('error', error => { failing.met(error) })
    server.on('connection', () => { failing.notMet() })
  }
}

/** Hands connections on this address to the app's own server, with its timeouts and limits. */
async function listenOnAnother (app: FastifyInstance, host: string, port: number): Promise<Server[]> {
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
