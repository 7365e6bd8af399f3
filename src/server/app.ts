import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { sharedWith } from '../compat/options.js'
import { limitHttp2, requestLimits } from '../http/unfinished.js'
import type { OutgoingLimits } from '../http/outgoing.js'
import { createOutgoing } from '../http/outgoing-of.js'
import { inTurn } from '../http/pipeline.js'
import { sendProblem } from '../http/problem.js'
import { countedAs, limiterFor } from '../http/rate-limit.js'
import { Routes } from '../http/refusals.js'
import { ANY_ORIGIN, SECURITY_HEADERS, logSerializers } from '../http/resource.js'
import { serializerCompiler, validatorCompiler } from '../http/validation.js'
import { resolveOptions } from '../options.js'
import { createBoxPlugin } from '../plugin.js'
import type { Store } from '../store/store.js'
import { handleClientErrors } from './client-errors.js'
import type { Config } from './config.js'
import { limitConnections, openFileLimit } from './connections.js'
import { healthRoutes } from './health.js'
import { addressesOf, prepareListen } from './listen.js'
import { describeError, RequestLog } from './log.js'
import { meterStore } from './metered-store.js'
import { createMetrics } from './metrics.js'
import { openStore } from './open-store.js'
import { shedLoad, neverShed } from './load-shedding.js'
import { checkRequestHeads } from './request-head.js'
import { handleUnknownRoutes } from './not-found.js'
import { serveCallPage } from './call-page.js'
import { followTls, limitHttp1, overTls, readIdentity } from './tls.js'
import { watchProxies } from './untrusted-proxy.js'
import { OnlyWebSockets } from './upgrades.js'

/** In ms. */
const REQUEST_TIMEOUT = 30_000
/** Longer than proxies keep idle connections, or they could send a request over one that is just closing. */
const KEEP_ALIVE = 72_000

/** How many requests may be open over HTTP/2 for each connection that may be: few connections have as many as a page. */
const REQUESTS_PER_CONNECTION = 4

const HTTP = {
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  /** A classic message travels in the URL, so the request line must have room for one. */
  maxHeaderSize: 64 * 1024,
  requireHostHeader: false
}

/**
 * The plugin's own compilers. Without them, Fastify would load Ajv and a serializer compiler at every start,
 * which nothing here uses. Fastify's type for the first allows only Ajv.
 */
const COMPILERS = { compilersFactory: { buildValidator: () => validatorCompiler as never, buildSerializer: () => serializerCompiler } }

interface Server {
  app: FastifyInstance
  /** Listens on the configured host and port. @returns the port, which differs from the configured one if that is 0 */
  listen: () => Promise<number>
}

export interface ServerParts {
  /** replaces the store that the configuration names */
  store?: Store
  /** called on a failure after which only a new process can serve */
  onFailure?: (error: Error) => void
  /** the limits on unsent responses */
  limits?: OutgoingLimits
  /** the directory of the built call page */
  page?: URL
  /** where log lines go; stdout if absent */
  log?: { write: (line: string) => void }
}

/**
 * The standalone server: the box routes at the root, the call page at `/`, health checks and metrics.
 * @throws Error whose message says what to change, if the store cannot be opened or the configuration is
 * inconsistent
 */
export async function buildServer (config: Config, parts: ServerParts = {}): Promise<Server> {
  const { cors = true } = config.box
  /** for responses to requests that do not reach a route, which would set these headers */
  const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...cors === true ? ANY_ORIGIN : {} }
  const app: FastifyInstance = Fastify({
    logger: {
      level: config.logLevel,
      serializers: { ...logSerializers, err: describeError },
      ...(parts.log === undefined ? {} : { stream: parts.log })
    },
    logController: new RequestLog(),
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    ...config.tls === undefined ? { http: { ...HTTP, IncomingMessage: OnlyWebSockets } } : overTls(await readIdentity(config.tls), HTTP.maxHeaderSize),
    // Requests that still arrive over an open connection are served; then the connection ends.
    return503OnClosing: false,
    schemaController: COMPILERS,
    clientErrorHandler: handleClientErrors(headers),
    frameworkErrors: (error, request, reply) => {
      // No hook runs for these, so nothing else waits for their turn or follows them.
      inTurn(request as FastifyRequest, reply as FastifyReply, () => {
        sendProblem(error, request as FastifyRequest, (reply as FastifyReply).headers(headers))
        outgoing.follow(reply as FastifyReply)
      })
    }
  })
  if (config.tls !== undefined) {
    limitHttp1(app, { ...HTTP, requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: KEEP_ALIVE })
    followTls(app, config.tls)
  }
  limitConnections(app, { ...config.connections, files: openFileLimit() }, config.trustProxy)
  const outgoing = createOutgoing(app, parts.limits)
  outgoing.watch(app)
  limitHttp2(app, {
    ...requestLimits,
    requests: REQUESTS_PER_CONNECTION * config.connections.total,
    requestsPerAddress: REQUESTS_PER_CONNECTION * config.connections.perAddress,
    isExempt: ({ routeOptions }) => routeOptions.config.neverShed === true
  })
  try {
    await assemble(app, config, parts, headers)
  } catch (error) {
    // Closes what it has opened so far, above all the store, which only one process may have open.
    await app.close()
    throw error
  }
  const listen = prepareListen(app)
  return { app, listen: async () => await listen(await addressesOf(config.host), config.port) }
}

async function assemble (app: FastifyInstance, config: Config, parts: ServerParts, headers: Record<string, string>): Promise<void> {
  const routes = new Routes(app)
  const metrics = createMetrics()
  const store = parts.store ?? await openStore(config.store, {
    log: (level, message) => { app.log[level](message) },
    onFailure: parts.onFailure ?? (() => {})
  })
  app.addHook('onClose', async () => { await store.close() })
  /** shared with the plugin, so that all files count together */
  const limiter = limiterFor(resolveOptions(config.box).rateLimit, store.counter, app.log)

  app.addHook('onRequest', async (_request, reply) => { reply.headers(SECURITY_HEADERS) })
  app.addHook('onResponse', async (request, reply) => { metrics.observeRequest(request, reply) })
  app.setErrorHandler(sendProblem)
  watchProxies(app)
  checkRequestHeads(app, headers)
  shedLoad(app, headers, metrics.countShed)
  healthRoutes(app, store)
  app.get('/metrics', { ...neverShed, onRequest: countedAs(limiter, 'files') }, async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
  const metered = meterStore(store, metrics.storeMeter(store.name))
  await app.register(createBoxPlugin({ limiter }), { ...config.box, store: metered })
  const shared = { ...sharedWith(config.box), store: metered }
  if (config.peerjs !== false) {
    const { createPeerjsPlugin } = await import('../compat/peerjs/plugin.js')
    await app.register(createPeerjsPlugin({ limiter }), { ...shared, prefix: config.peerjs })
  }
  if (config.yWebrtc !== false) {
    const { createYWebrtcPlugin } = await import('../compat/y-webrtc/plugin.js')
    await app.register(createYWebrtcPlugin({ limiter }), { ...shared, prefix: config.yWebrtc })
  }
  await app.register(async scope => { await serveCallPage(scope, limiter, parts.page) })
  await handleUnknownRoutes(app, routes)
}
