import { constants, type ServerHttp2Stream } from 'node:http2'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Condition } from '../condition.js'
import { Tally } from '../tally.js'
import { addressOf } from './address.js'
import { carrierOf } from './carrier.js'
import { memoryOf } from './pipeline.js'
import { dismissed } from './resource.js'

/** What requests over HTTP/2 may take while their streams are open. */
interface Limits {
  /** bytes per client address */
  perAddress: number
  /** bytes in total */
  total: number
  /** how many requests may be open */
  requests: number
  /** how many of them may be of one client address */
  requestsPerAddress: number
  /** whether a request is served beyond these numbers, such as a health check */
  isExempt: (request: FastifyRequest) => boolean
}

const MIB = 1024 * 1024
export const requestLimits: Limits = { perAddress: 16 * MIB, total: 64 * MIB, requests: Infinity, requestsPerAddress: Infinity, isExempt: () => false }

/** A request that takes less is not counted in bytes: the hot path keeps nothing of it. */
const SMALL = 4096

/** How much of a body a client may send before the server has read any, in bytes. */
const WINDOW = 65_535

const LIMITED: unique symbol = Symbol('limited')

/** The bytes of each client's open requests, by server, whose scopes count together. */
const ofServers = new WeakMap<FastifyInstance['server'], Tally>()

/**
 * Bounds what requests over HTTP/2 take in memory. Over HTTP/1.1, a connection has one request at a time; over HTTP/2,
 * it has many, and a client could give each of them large headers and never end it.
 *
 * A request beyond the limits is refused before anything has happened, in the way that lets clients try again. A large
 * request is accepted however large its host lets it be, if no other counts. Node ends a stream that is answered before
 * any of its body was read; `limitBodyTime` ends the others.
 */
export function limitHttp2 (app: FastifyInstance, limits = requestLimits): void {
  if (app.hasDecorator(LIMITED)) return
  app.decorate(LIMITED, true)
  const bytes = ofServers.get(app.server) ?? new Tally()
  ofServers.set(app.server, bytes)
  const full = new Condition(app.log, { level: 'warn', begins: 'Too many or too large requests are open over HTTP/2; new ones are refused', ends: 'Requests over HTTP/2 are accepted again,' })
  const open = new Tally()

  function hasSpace (client: string, size: number): boolean {
    const [held, all] = [bytes.of(client), bytes.total]
    return size === 0 || ((held === 0 || held + size <= limits.perAddress) && (all === 0 || all + size <= limits.total))
  }

  app.addHook('onRequest', (request, reply, done) => {
    const stream = streamOf(request)
    if (stream === undefined) return done()
    const client = addressOf(request)
    // Nothing would give back what it counts: its `close` has been emitted.
    if (dismissed(request, reply)) return
    const size = sizeOf(request, stream)
    const isOneMore = limits.isExempt(request) || (open.total < limits.requests && open.of(client) < limits.requestsPerAddress)
    if (!isOneMore || !hasSpace(client, size)) {
      full.met(undefined)
      reply.code(503).hijack()
      return stream.close(constants.NGHTTP2_REFUSED_STREAM)
    }
    full.notMet()
    open.add(client, 1)
    bytes.add(client, size)
    stream.once('close', () => {
      open.add(client, -1)
      bytes.add(client, -size)
    })
    done()
  })
}

/** What a request counts, in bytes: its head, and its body as it arrives and as text. */
function sizeOf (request: FastifyRequest, { endAfterHeaders }: ServerHttp2Stream): number {
  const { raw, method, headers, routeOptions: { bodyLimit = 0 } } = request
  const isRead = method !== 'GET' && method !== 'HEAD'
  const body = endAfterHeaders ? 0 : isRead ? 2 * Math.min(Number(headers['content-length'] ?? bodyLimit), bodyLimit) : WINDOW
  const size = memoryOf(raw) + body
  return size <= SMALL ? 0 : size
}

function streamOf (request: FastifyRequest): ServerHttp2Stream | undefined {
  const carrier = carrierOf(request)
  return 'session' in carrier ? carrier : undefined
}
