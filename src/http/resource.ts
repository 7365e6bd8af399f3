import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseCapability, type Capability } from '../box/capability.js'
import { DropOnlyError, NotFoundError } from '../errors.js'
import type { ResolvedOptions } from '../options.js'
import { carrierOf, cut, isGone } from './carrier.js'
import { pipelineIsTooLong } from './pipeline.js'
import { sendProblem } from './problem.js'
import { print, serializerCompiler, validatorCompiler } from './validation.js'

/** Where a request has the drop address of the box that its path names: no name that a host could have too. */
export const DROP: unique symbol = Symbol('drop address')

declare module 'fastify' {
  interface FastifyRequest {
    [DROP]: string
  }
}

/** Of every answer, whatever it is. */
export const GUARDED = { 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' }

const HEADERS = {
  ...GUARDED,
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex'
}
const DAY = 86_400
const CORS = {
  credentials: false,
  methods: 'GET, HEAD, POST, PUT, DELETE',
  // The asterisk is every other header, but never Authorization. Without credentials none of them can be one that the browser adds by itself.
  allowedHeaders: 'Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, *',
  exposedHeaders: 'Location, Retry-After, Allow, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  strictPreflight: false,
  maxAge: DAY,
  cacheControl: DAY
}
/** What CORS adds to every answer where any origin may call. */
const ANY_ORIGIN = { 'access-control-allow-origin': '*', 'access-control-expose-headers': CORS.exposedHeaders }

/**
 * What every address of the box API has in common: its checks, its error answers, its headers,
 * CORS, and a log that never holds a capability.
 */
export async function asResource (scope: FastifyInstance, options: ResolvedOptions): Promise<void> {
  scope.setValidatorCompiler(validatorCompiler)
  scope.setSerializerCompiler(serializerCompiler)
  scope.setReplySerializer(print)
  scope.setErrorHandler(sendProblem)
  const headers = { ...HEADERS, ...await allowOrigins(scope, options.cors) }
  // Hooks of the hot path call back instead of making a promise.
  scope.addHook('onRequest', (request, reply, done) => {
    if (!dismissed(request, reply)) reply.headers(headers)
    done()
  })
}

/**
 * Where the host has @fastify/cors, its policy reaches these routes too, and is the one that counts.
 * @returns the headers that every answer needs beyond what the plugin sets
 */
async function allowOrigins (scope: FastifyInstance, origins: ResolvedOptions['cors']): Promise<Record<string, string>> {
  if (origins === false || scope.hasRequestDecorator('corsPreflightEnabled')) return {}
  if (origins !== true) {
    await scope.register(cors, { ...CORS, origin: origins })
    return {}
  }
  // Here only preflights leave something to decide, so only they pass through the plugin: it would cost each request a tenth.
  await scope.register(async preflights => { await preflights.register(cors, { ...CORS, origin: '*' }) })
  return ANY_ORIGIN
}

/**
 * Whether nobody is there to take an answer, or gets none: then nothing is looked up, counted or logged.
 */
export function dismissed (request: FastifyRequest, reply: FastifyReply): boolean {
  if (!isGone(request) && !pipelineIsTooLong(request, reply)) return false
  reply.hijack()
  cut(carrierOf(request))
  return true
}

/** Finds the box of a request by a capability that owns it: NotFoundError, DropOnlyError. */
export function ownBox (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const capability = capabilityOf(request)
  if (capability === undefined) return done(new NotFoundError())
  if (!capability.owner) return done(new DropOnlyError())
  request[DROP] = capability.drop
  done()
}

/** Finds the box of a request by either capability: NotFoundError. */
export function anyBox (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const capability = capabilityOf(request)
  if (capability === undefined) return done(new NotFoundError())
  request[DROP] = capability.drop
  done()
}

function capabilityOf (request: FastifyRequest): Capability | undefined {
  return parseCapability((request.params as { box: string }).box)
}

/**
 * How a request is logged: the route's pattern instead of its URL, since a capability or a
 * classic message may be anywhere in that.
 */
export const logSerializers: Record<string, (value: any) => any> = {
  req: (request: FastifyRequest) => ({ method: request.method, url: request.routeOptions?.url ?? '', remoteAddress: request.ip })
}
