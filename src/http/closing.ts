import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often connections that carry nothing are looked for while the server closes, ms. */
const REAP_EVERY = 50

const known = new WeakSet<FastifyInstance['server']>()

/**
 * Lets the server close as soon as its last request is answered. Connections that carry none would
 * hold it up: those kept alive, HTTP/2 sessions, and what browsers and `fetch` open ahead of need,
 * which Node takes for slow requests.
 *
 * Once per server; its plugins share it.
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

  // With TLS both: until the handshake is done there is only the first.
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
    // What is answered from now on would keep its connection for all of the keep-alive time.
    server.keepAliveTimeout = 1
    reaper = setInterval(reap, REAP_EVERY)
  })
  app.addHook('onClose', async () => { clearInterval(reaper) })
}

function isIdle (socket: Socket): boolean {
  return socket.bytesRead === 0
}
