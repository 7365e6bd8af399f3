import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often idle connections are looked for during the shutdown, in ms. */
const REAP_EVERY = 50

const known = new WeakSet<FastifyInstance['server']>()

/**
 * Lets the server close as soon as its last request is answered. Connections without a request would delay
 * it: keep-alive connections, HTTP/2 sessions, and connections that browsers and `fetch` open in advance,
 * which Node mistakes for slow requests.
 *
 * Runs once per server; its plugins share it.
 */
export function closeIdle (app: FastifyInstance): void {
  const server = app.server
  if (known.has(server)) return
  known.add(server)
  const sockets = new Set<Socket>()
  const sessions = new Set<Http2Session>()
  let reaper: NodeJS.Timeout | undefined

  function reap (): void {
    server.closeIdleConnections?.()
    for (const session of sessions) if (!session.closed) session.close()
    for (const socket of sockets) if (isIdle(socket)) socket.destroy()
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
}

function isIdle (socket: Socket): boolean {
  return socket.bytesRead === 0
}
