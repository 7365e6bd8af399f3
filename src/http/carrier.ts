import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * What carries an answer to its reader: the socket, or over HTTP/2, where many answers share one,
 * the stream. An answer that waits behind another in a pipeline emits no `close` of its own.
 */
export type Carrier = Socket | ServerHttp2Stream

export function carrierOf (request: FastifyRequest): Carrier {
  const raw: IncomingMessage | Http2ServerRequest = request.raw
  return 'stream' in raw ? raw.stream as ServerHttp2Stream : raw.socket
}

/** Whether the client has gone before its request was looked at. A Unix socket has no address at either end. */
export function isGone (request: FastifyRequest): boolean {
  if (carrierOf(request).destroyed) return true
  const { remoteAddress, localAddress } = request.raw.socket
  return remoteAddress === undefined && localAddress !== undefined
}

/** Whether the request came by `inject`, on a socket that is none. */
export function isInjected (request: FastifyRequest): boolean {
  const carrier = carrierOf(request)
  return !(carrier instanceof Socket) && !('session' in carrier)
}

const listeners = new WeakMap<Carrier, Set<() => void>>()

/** Tells once when the carrier closes, or now where it has. @returns a function that takes the listener back */
export function whenGone (carrier: Carrier, tell: () => void): () => void {
  if (carrier.destroyed) {
    tell()
    return () => {}
  }
  // One listener for all: a pipeline may have more answers than an emitter likes listeners.
  let all = listeners.get(carrier)
  if (all === undefined) {
    const told = all = new Set()
    listeners.set(carrier, told)
    carrier.once('close', () => {
      for (const tell of told) tell()
      told.clear()
    })
  }
  all.add(tell)
  return () => { all.delete(tell) }
}

/** Ends it at once, with a reset: otherwise the kernel would go on offering what it holds. */
export function cut (carrier: Carrier): void {
  if (!(carrier instanceof Socket)) {
    carrier.close(constants.NGHTTP2_CANCEL)
    carrier.destroy()
  } else if ('encrypted' in carrier) {
    // TLS does without the reset.
    carrier.destroy()
  } else {
    carrier.resetAndDestroy()
  }
}
