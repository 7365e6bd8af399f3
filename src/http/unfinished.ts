import { constants, type ServerHttp2Stream } from 'node:http2'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Tally } from '../tally.js'
import { addressOf } from './address.js'
import { carrierOf } from './carrier.js'
import { memoryOf } from './pipeline.js'

const MIB = 1024 * 1024

/** What requests over HTTP/2 may take in memory while their streams are open, in bytes. */
export const requestLimits = { perAddress: 16 * MIB, total: 64 * MIB }

/** A request that takes less counts as nothing, in bytes: other limits already bound how many of those are open. */
const SMALL = 4096

/** How much of a body a client may send before the server has read any, in bytes. */
const WINDOW = 65_535

const LIMITED: unique symbol = Symbol('limited')

const ofServers = new WeakMap<FastifyInstance['server'], Tally>()

/**
 * Bounds what requests over HTTP/2 take in memory. Over HTTP/1.1, a connection has one request at a time; over HTTP/2,
 * it has many, and a client could give each of them large headers and never end it.
 *
 * A request beyond the limits is refused before anything has happened, in the way that lets clients try again. One
 * that is unfinished when its response has been sent is ended, as HTTP/2 has it.
 *
 * The limits apply to all routes of this scope, and together with those of the server's other scopes.
 */
export function limitHttp2 (app: FastifyInstance, { perAddress, total } = requestLimits): void {
  if (app.hasDecorator(LIMITED)) return
  app.decorate(LIMITED, true)
  const open = ofServers.get(app.server) ?? new Tally()
  ofServers.set(app.server, open)

  app.addHook('onRequest', (request, reply, done) => {
    const stream = streamOf(request)
    if (stream === undefined) return done()
    const bytes = memoryOf(request.raw) + bodyOf(request, stream)
    if (bytes <= SMALL) return done()
    const client = addressOf(request)
    const ofClient = open.of(client)
    // One alone is accepted however large the host lets it be.
    if (ofClient > 0 && (open.total + bytes > total || ofClient + bytes > perAddress)) {
      reply.hijack()
      return stream.close(constants.NGHTTP2_REFUSED_STREAM)
    }
    open.add(client, bytes)
    stream.once('close', () => { open.add(client, -bytes) })
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    const stream = streamOf(request)
    if (stream?.endAfterHeaders === false && !request.raw.complete) stream.close(constants.NGHTTP2_NO_ERROR)
    done()
  })
}

/** What its body may take in memory, in bytes: as it arrives, and as text. One that is not read takes its window. */
function bodyOf ({ method, headers, routeOptions }: FastifyRequest, { endAfterHeaders }: ServerHttp2Stream): number {
  if (endAfterHeaders) return 0
  return method === 'GET' || method === 'HEAD' ? WINDOW : 2 * Number(headers['content-length'] ?? routeOptions.bodyLimit)
}

function streamOf (request: FastifyRequest): ServerHttp2Stream | undefined {
  const carrier = carrierOf(request)
  return 'session' in carrier ? carrier : undefined
}
