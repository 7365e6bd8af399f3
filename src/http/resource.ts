import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod, RouteShorthandOptions } from 'fastify'
import { parseCapability } from '../box/capability.js'
import { DropOnlyError, NotFoundError } from '../errors.js'
import type { ResolvedOptions } from '../options.js'
import { ipOf } from './address.js'
import type { RequestWith } from './api.js'
import { carrierOf, cut, isGone } from './carrier.js'
import { serialize } from './json.js'
import { sendProblem } from './problem.js'
import type { BoxParams } from './schemas.js'
import { serializerCompiler, validatorCompiler } from './validation.js'

/** The key under which a request holds its box's drop address: a symbol, so that it cannot collide with a host's property. */
export const DROP: unique symbol = Symbol('drop address')

declare module 'fastify' {
  interface FastifyRequest {
    [DROP]: string
  }
}

/** The headers of every response. */
export const SECURITY_HEADERS = { 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' }

const HEADERS = {
  ...SECURITY_HEADERS,
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex'
}
const DAY = 86_400

/** The paths of a resource, below its prefix. */
export const OWN_PATHS = ['', '/*']

/** All methods that the plugin's routes have. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']

const CORS = {
  credentials: false,
  methods: METHODS.join(', '),
  // The asterisk stands for every other header except Authorization. Without credentials mode, the browser
  // adds none of them by itself.
  allowedHeaders: 'Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, *',
  exposedHeaders: 'Location, Retry-After, Allow, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  strictPreflight: false,
  maxAge: DAY,
  cacheControl: DAY
}
/** What CORS adds to every response if any origin is allowed. */
export const ANY_ORIGIN = { 'access-control-allow-origin': '*', 'access-control-expose-headers': CORS.exposedHeaders }

/** What all routes of the box API share: checks, error responses, headers, CORS, and a log that never contains a capability. */
export async function asResource (scope: FastifyInstance, options: ResolvedOptions): Promise<void> {
  scope.setValidatorCompiler(validatorCompiler)
  scope.setSerializerCompiler(serializerCompiler)
  scope.setReplySerializer(serialize)
  scope.setErrorHandler(sendProblem)
  const headers = { ...HEADERS, ...await allowOrigins(scope, options.cors) }
  // Hooks of the hot path call back instead of making a promise.
  scope.addHook('onRequest', (request, reply, done) => {
    if (!dismissed(request, reply)) reply.headers(headers)
    done()
  })
}

/**
 * If the host uses @fastify/cors, its policy applies to these routes as well and takes precedence.
 * @returns the headers that every response needs besides those that the plugin sets
 */
async function allowOrigins (scope: FastifyInstance, origins: ResolvedOptions['cors']): Promise<Record<string, string>> {
  if (origins === false || scope.hasRequestDecorator('corsPreflightEnabled')) return {}
  if (origins !== true) {
    await registerCors(scope, origins)
    return {}
  }
  // Only preflights need a decision here, so only they pass through the plugin, which would make every
  // request a tenth more expensive.
  await scope.register(async preflights => { await registerCors(preflights, '*') })
  return ANY_ORIGIN
}

/** The one route of @fastify/cors, `*`, would also have the paths that only begin like ours, such as `/boxes-admin`. */
async function registerCors (scope: FastifyInstance, origin: string | string[]): Promise<void> {
  const { options } = scope
  Object.assign(scope, {
    options: (_path: string, route: RouteShorthandOptions, handler: RouteHandlerMethod) => {
      for (const url of OWN_PATHS) scope.route({ ...route, method: 'OPTIONS', url, handler })
    }
  })
  try {
    await scope.register(cors, { ...CORS, origin })
  } finally {
    Object.assign(scope, { options })
  }
}

/** Whether the client has disconnected; then nothing is looked up, counted or logged. */
export function dismissed (request: FastifyRequest, reply: FastifyReply): boolean {
  if (!isGone(request)) return false
  reply.hijack()
  cut(carrierOf(request))
  return true
}

type OnBox = RequestWith<{ params: typeof BoxParams }>

/** Finds the box of a request by its box id. Fails with NotFoundError or DropOnlyError. */
export function ownBox (request: OnBox, _reply: FastifyReply, done: (error?: Error) => void): void {
  const capability = parseCapability(request.params.box)
  if (capability === undefined) return done(new NotFoundError())
  if (!capability.owner) return done(new DropOnlyError())
  request[DROP] = capability.drop
  done()
}

/** Finds the box of a request by either capability. Fails with NotFoundError. */
export function anyBox (request: OnBox, _reply: FastifyReply, done: (error?: Error) => void): void {
  const capability = parseCapability(request.params.box)
  if (capability === undefined) return done(new NotFoundError())
  request[DROP] = capability.drop
  done()
}

/** Logs a request by its route's pattern instead of its URL, which may contain a capability or a classic message. */
export const logSerializers: Record<string, (value: any) => any> = {
  req: (request: FastifyRequest) => ({ method: request.method, url: request.routeOptions?.url ?? '', remoteAddress: ipOf(request) })
}
