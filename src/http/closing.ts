import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'

/** How often idle connections are looked for during the shutdown, in ms. */
const REAP_EVERY = 50

/** The open connections of each server. With TLS, a connection is there twice once its handshake is complete. */
const known = new WeakMap<FastifyInstance['server'], ReadonlySet<Socket>>()

/**
 * Lets the server close as soon as its last request is answered. Connections without a request would delay
 * it: keep-alive connections, HTTP/2 sessions, connections that browsers and `fetch` open in advance,
 * which Node mistakes for slow requests, and TLS handshakes that are not complete.
 *
 * Runs once per server; its plugins share it.
 * @returns the server's open connections
 */
export function closeIdle (app: FastifyInstance): ReadonlySet<Socket> {
  const server = app.server
  const before = known.get(server)
  if (before !== undefined) return before
  const sockets = new Set<Socket>()
  known.set(server, sockets)
  const handshakes = handshakesOf(server)
  const sessions = new Set<Http2Session>()
  let reaper: NodeJS.Timeout | undefined

  function reap (): void {
    server.closeIdleConnections?.()
    for (const session of sessions) if (!session.closed) session.close()
    for (const socket of sockets) if (isIdle(socket)) socket.destroy()
    for (const socket of handshakes.values()) socket.destroy()
  }

  // With TLS, both are needed: until the handshake is complete, only the first exists.
  for (const event of ['connection', 'secureConnection']) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => { sockets.delete(socket) })
    })
  }
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    session.once('close', () => { sessions.delete(session) })
  })
  app.addHook('preClose', async () => {
    // Otherwise a response sent from now on would keep its connection open for the whole keep-alive time.
    server.keepAliveTimeout = 1
    reaper = setInterval(reap, REAP_EVERY)
  })
  app.addHook('onClose', async () => { clearInterval(reaper) })
  return sockets
}

/** The connections whose TLS handshake is not complete, by the address and port of the other side. */
function handshakesOf (server: FastifyInstance['server']): ReadonlyMap<string, Socket> {
  const handshakes = new Map<string, Socket>()
  if (!(server instanceof TlsServer)) return handshakes
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    handshakes.set(peer, socket)
    socket.once('close', () => { if (handshakes.get(peer) === socket) handshakes.delete(peer) })
  })
  server.on('secureConnection', socket => { handshakes.delete(peerOf(socket)) })
  return handshakes
}

function peerOf ({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function isIdle (socket: Socket): boolean {
  return socket.bytesRead === 0
}
