import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { outgoingOf } from '../http/outgoing.js'
import { sendProblem } from '../http/problem.js'
import { GUARDED, logSerializers } from '../http/resource.js'
import { serializerCompiler, validatorCompiler } from '../http/validation.js'
import { boxPlugin } from '../plugin.js'
import type { Store } from '../store/store.js'
import { answerClientError } from './client-errors.js'
import type { Config } from './config.js'
import { healthRoutes } from './health.js'
import { addressesOf, listening } from './listen.js'
import { describeError, RequestLog } from './log.js'
import { meterStore } from './metered-store.js'
import { createMetrics } from './metrics.js'
import { openStore } from './open-store.js'
import { refuseUnderPressure, unpressed } from './pressure.js'
import { checkRequestHeads } from './request-head.js'
import { guarded, refuseTheRest } from './not-found.js'
import { callPage } from './site.js'

/** Times in ms. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000
const CHECK_EVERY = 1_000
/** Longer than what proxies keep a connection for, or they send into one that is just closing. */
const KEEP_ALIVE = 72_000

/** A classic message is in the URL, so the request line has to hold one. */
const MAX_HEADER = 64 * 1024

/** The plugin's own. Without them Fastify would load Ajv and a serializer compiler, which nothing here uses, for each start. */
const COMPILERS = { compilersFactory: { buildValidator: () => validatorCompiler as never, buildSerializer: () => serializerCompiler } }

interface Server {
  app: FastifyInstance
  /** Listens on the config's host and port. @returns the port, which is another one where that was 0 */
  listen: () => Promise<number>
}

export interface ServerParts {
  /** in place of the one the config names */
  store?: Store
  /** Hears of a failure after which only a new process can serve. */
  onFailure?: (error: Error) => void
  /** where the built call page is */
  page?: URL
  /** where log lines go; stdout where absent */
  log?: { write: (line: string) => void }
}

/**
 * The standalone server: the boxes at the root, the call page at `/`, health and metrics.
 * @throws Error whose message says what to change, where the store can not be opened or the config does not hold together
 */
export async function buildServer (config: Config, parts: ServerParts = {}): Promise<Server> {
  const app = Fastify({
    logger: {
      level: config.logLevel,
      serializers: { ...logSerializers, err: describeError },
      ...(parts.log === undefined ? {} : { stream: parts.log })
    },
    logController: new RequestLog(),
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    http: { headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: CHECK_EVERY, maxHeaderSize: MAX_HEADER, requireHostHeader: false },
    // What still arrives over an open connection is served; the connection ends with it.
    return503OnClosing: false,
    schemaController: COMPILERS,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => { sendProblem(error, request as FastifyRequest, guarded(reply as FastifyReply)) }
  })
  const metrics = createMetrics()
  const store = parts.store ?? await openStore(config.store, {
    log: (level, message) => { app.log[level](message) },
    onFailure: parts.onFailure ?? (() => {})
  })

  app.addHook('onRequest', async (_request, reply) => { reply.headers(GUARDED) })
  app.addHook('onResponse', async (request, reply) => { metrics.observeRequest(request, reply) })
  app.setErrorHandler(sendProblem)
  checkRequestHeads(app)
  await refuseUnderPressure(app)
  healthRoutes(app, store)
  app.get('/metrics', unpressed, async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
  await app.register(boxPlugin, { ...config.box, store: meterStore(store, metrics.storeMeter(store.name)) })
  await app.register(async scope => {
    outgoingOf(scope).watch(scope)
    await callPage(scope, parts.page)
  })
  await refuseTheRest(app)
  const listen = listening(app)
  return { app, listen: async () => await listen(await addressesOf(config.host), config.port) }
}
