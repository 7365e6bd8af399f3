import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * What carries a response to the client: the socket, or the stream over HTTP/2, where many responses share a
 * socket. A response that waits behind another in a pipeline emits no `close` of its own.
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

type Listeners = WeakMap<Carrier, Set<() => void>>

const ofClose: Listeners = new WeakMap()
const ofPause: Listeners = new WeakMap()

/** Calls the listener once when the carrier closes, or now if it is closed. @returns a function that removes the listener */
export function whenGone (carrier: Carrier, tell: () => void): () => void {
  return whenOnce(carrier, carrier.destroyed, 'close', ofClose, tell)
}

/**
 * The same for when its socket is no longer read: Node pauses a connection on which responses queue up, and then
 * does not notice that the client disconnects. Over HTTP/2, none queues up.
 */
export function whenPaused (carrier: Carrier, tell: () => void): () => void {
  if (!(carrier instanceof Socket)) return () => {}
  return whenOnce(carrier, carrier.isPaused(), 'pause', ofPause, tell)
}

function whenOnce (carrier: Carrier, already: boolean, event: string, listeners: Listeners, tell: () => void): () => void {
  if (already) {
    tell()
    return () => {}
  }
  // One listener for all: a pipeline may have more responses than an emitter accepts listeners without a
  // warning.
  let all = listeners.get(carrier)
  if (all === undefined) {
    const told = all = new Set()
    listeners.set(carrier, told)
    carrier.on(event, () => {
      for (const tell of told) tell()
      told.clear()
    })
  }
  all.add(tell)
  return () => { all.delete(tell) }
}

/** Ends it at once with a reset; otherwise, the kernel would keep trying to send what it holds. */
export function cut (carrier: Carrier): void {
  if (!(carrier instanceof Socket)) {
    carrier.close(constants.NGHTTP2_CANCEL)
    carrier.destroy()
  } else if ('encrypted' in carrier) {
    // TLS sockets have no reset.
    carrier.destroy()
  } else {
    carrier.resetAndDestroy()
  }
}
