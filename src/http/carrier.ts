import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * What carries a response to the client: the socket, or the stream over HTTP/2, where many responses share a
 * socket.
 */
export type Carrier = Socket | ServerHttp2Stream

export function carrierOf (request: FastifyRequest): Carrier {
  const raw: IncomingMessage | Http2ServerRequest = request.raw
  return 'stream' in raw ? raw.stream as ServerHttp2Stream : raw.socket
}

/** Whether the client disconnected before its request was handled. A Unix socket has no address at either end. */
export function isGone (request: FastifyRequest): boolean {
  if (carrierOf(request).destroyed) return true
  const { remoteAddress, localAddress } = request.raw.socket
  return remoteAddress === undefined && localAddress !== undefined
}

/** Whether the request was injected and has no real socket. */
export function isInjected (request: FastifyRequest): boolean {
  const carrier = carrierOf(request)
  return !(carrier instanceof Socket) && !('session' in carrier)
}

/** Calls the listener once when the carrier closes, or now if it is closed. @returns a function that removes the listener */
export function whenGone (carrier: Carrier, tell: () => void): () => void {
  return whenOnce(carrier, carrier.destroyed, 'close', tell)
}

/**
 * The same for when its socket is no longer read: Node pauses a connection on which too much waits, and then does
 * not notice that the client disconnects. Over HTTP/2, nothing waits for a response.
 */
export function whenPaused (carrier: Carrier, tell: () => void): () => void {
  return carrier instanceof Socket ? whenOnce(carrier, carrier.isPaused(), 'pause', tell) : () => {}
}

function whenOnce (carrier: Carrier, already: boolean, event: string, tell: () => void): () => void {
  if (already) tell()
  else carrier.once(event, tell)
  return () => { carrier.off(event, tell) }
}

/** Those that have carried what may exist nowhere else. */
const precious = new WeakSet<Carrier>()

/** Makes `cut` leave to the kernel what it still holds: messages that have been removed from their box. */
export function keepHeld (carrier: Carrier): void {
  precious.add(carrier)
}

/** Ends it at once, with a reset: otherwise, the kernel would keep trying to send what it holds. */
export function cut (carrier: Carrier): void {
  if (!(carrier instanceof Socket)) {
    carrier.close(constants.NGHTTP2_CANCEL)
    carrier.destroy()
  } else if (precious.has(carrier) || 'encrypted' in carrier) {
    // TLS sockets have no reset.
    carrier.destroy()
  } else {
    carrier.resetAndDestroy()
  }
}
