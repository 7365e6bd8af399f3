import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { BoxService } from './box/box-service.js'
import { systemClock, type Clock } from './box/clock.js'
import { pageLimit, pageSpace } from './http/responses.js'
import type { Api } from './http/api.js'
import { prefixOf, rememberBase } from './http/base.js'
import { closeIdle } from './http/closing.js'
import { contractFor } from './http/contract.js'
import { addRoutes } from './http/free-routes.js'
import { collectContract, serveUi } from './http/openapi.js'
import { classicBox } from './http/operations/classic-box.js'
import { limitBodyTime } from './http/incoming.js'
import { isOutage } from './http/outages.js'
import type { OutgoingLimits } from './http/outgoing.js'
import { createOutgoing, outgoingOf } from './http/outgoing-of.js'
import { prepareStore } from './http/prepared-store.js'
import { problemPages } from './http/problem-pages.js'
import { limiterFor, type Limiter } from './http/rate-limit.js'
import { refuseTheRest, routerOptionsOf, Routes } from './http/refusals.js'
import { asResource, logSerializers } from './http/resource.js'
import { boxRoutes, streamRoutes } from './http/routes.js'
import { createBoxes, type Boxes } from './host/boxes.js'
import { limitHttp2 } from './http/unfinished.js'
import { resolveOptions, type BoxPluginOptions, type ResolvedOptions } from './options.js'
import { memoryStore } from './store/memory.js'
import type { Limits } from './store/store.js'
import { version } from './manifest.js'

/** How long a body may take to arrive, in seconds. */
const BODY_TIMEOUT = 60

/** The property by which the host's own code uses the boxes, unless the options name another. */
const DECORATOR = 'signalbox'

/** The boxes of all registrations: what else has the default name is the host's own. */
const made = new WeakSet<object>()

declare module 'fastify' {
  interface FastifyInstance {
    /** The boxes of `boxPlugin`, for your own code. */
    signalbox: Boxes
  }
}

/** What is no option of the plugin, but differs in tests or on the standalone server. */
export interface Internals {
  clock?: Clock
  /** the limits on unsent responses */
  limits?: OutgoingLimits
  /** how long a body may take to arrive, in seconds */
  bodyTimeout?: number
  /** what counts requests, if the plugin does not count alone; its limits are those of the options */
  limiter?: Limiter
}

export function createBoxPlugin (internals: Internals = {}): FastifyPluginAsync<BoxPluginOptions> {
  return fp(async (app: FastifyInstance, input: BoxPluginOptions) => {
    let boxes: Boxes | undefined
    // The routes have a scope of their own. Only what is for the host's code comes into the host's scope.
    await app.register(async function signalboxRoutes (scope) {
      boxes = await serveBoxes(scope, input, internals)
      made.add(boxes)
    }, input)
    // Of several registrations in a scope, the first has the default name; the others have one only if it is chosen.
    if (input.decorator === undefined && Object.hasOwn(app, DECORATOR) && made.has(app[DECORATOR])) return
    app.decorate(input.decorator ?? DECORATOR, boxes)
  }, { name: 'fastify-signalbox', fastify: '5.x' })
}

/** Serves the routes in a scope of their own. @returns the boxes, for the host's code */
async function serveBoxes (app: FastifyInstance, input: BoxPluginOptions, { clock = systemClock, limits, bodyTimeout = BODY_TIMEOUT, limiter: givenLimiter }: Internals): Promise<Boxes> {
  const { store: given } = input
  // First of all, so that a given store is closed with the app even if the plugin fails.
  if (typeof given?.close === 'function') app.addHook('onClose', async () => { await given.close() })
  const options = resolveOptions(input)
  checkRouter(app)
  const store = prepareStore(app, input.store ?? memoryStore())
  const service = new BoxService(store, clock, limitsOf(options), { ttl: options.ttl, maxWaiters: options.maxWaiters, maxRoomWaiters: options.maxRoomWaiters })
  service.events.onError = error => { app.log.error({ err: error }, 'A listener of box events failed') }
  const registration = { prefix: prefixOf(app), hostDocs: options.hostDocs }
  rememberBase(app)
  const outgoing = limits === undefined ? outgoingOf(app) : createOutgoing(app, limits)
  outgoing.allow(pageSpace(pageLimit(options)))
  outgoing.watch(app)
  limitBodyTime(app, bodyTimeout)
  limitHttp2(app)
  const limiter = givenLimiter ?? limiterFor(options.rateLimit, store.counter, app.log)
  const api: Api = {
    service,
    options,
    limiter,
    outgoing,
    contract: contractFor(options, registration)
  }

  // Long-polls and streams must end before Fastify waits for open connections.
  app.addHook('preClose', async () => { service.waiters.endAll() })
  closeIdle(app)
  app.addHook('onClose', async () => { await service.close() })
  // Not earlier: a program that only calls `ready` or `inject` must be able to end on its own.
  app.addHook('onListen', async () => {
    service.start(error => { if (!isOutage(error)) app.log.error({ err: error }, 'Failed to sweep expired boxes') })
  })

  const contract = await collectContract(app, version, registration)
  const resources = [{ prefix: '/boxes', routes: boxRoutes }, { prefix: '/streams', routes: streamRoutes }, { prefix: '/problems', routes: problemPages }]
  if (options.classicPath !== false) resources.push({ prefix: options.classicPath, routes: classicBox })
  // The contract's routes come last, when the others are complete.
  resources.push(...contract)
  await addRoutes(app, resources.map(({ prefix }) => prefix), async () => {
    for (const { prefix, routes } of resources) {
      await app.register(async scope => {
        await asResource(scope, options)
        const all = new Routes(scope)
        await routes(scope, api)
        await refuseTheRest(scope, all, (request, reply) => api.limiter.count(request.method === 'POST' ? 'stores' : 'reads', request, reply))
      }, { prefix, logSerializers })
    }
    if (options.docs !== false) await serveUi(app, api, options.docs, input.docs !== undefined)
  })
  return createBoxes({ service, limits: options, holderOf: request => limiter.holder(request) })
}

/** What the store must respect; no other option concerns the store. */
function limitsOf ({ maxMessages, maxBoxBytes, maxStoreBytes, rateLimit }: ResolvedOptions): Limits {
  const held = rateLimit === false ? undefined : { boxes: rateLimit.boxes, bytes: rateLimit.bytes }
  return { maxMessages, maxBoxBytes, maxStoreBytes, held }
}

/** The length of a drop address, the longest parameter in the plugin's paths. */
const LONGEST_PARAMETER = 37

/** With a lower limit, the router would refuse every box, and no response would say why. */
function checkRouter (app: FastifyInstance): void {
  const { maxParamLength: length } = routerOptionsOf(app)
  if (length >= LONGEST_PARAMETER) return
  throw new TypeError(`boxPlugin: Fastify's option 'maxParamLength' expected at least ${LONGEST_PARAMETER}, received ${length}`)
}

/**
 * The message box as a Fastify 5 plugin. It is encapsulated and can be registered several times,
 * each time with its own `prefix`. Registration fails with a `TypeError` that names the option if
 * an option is invalid.
 */
export const boxPlugin = createBoxPlugin()
