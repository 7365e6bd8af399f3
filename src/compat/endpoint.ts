import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BoxService } from '../box/box-service.js'
import type { Clock } from '../box/clock.js'
import { hasCode } from '../errors.js'
import { prefixOf } from '../http/base.js'
import { closeIdle } from '../http/closing.js'
import { refuseCrossSite } from '../http/cross-site.js'
import { isOutage } from '../http/outages.js'
import { prepareStore } from '../http/prepared-store.js'
import { sendProblem } from '../http/problem.js'
import { countedAs, limiterFor, type Limiter } from '../http/rate-limit.js'
import { logSerializers, SECURITY_HEADERS } from '../http/resource.js'
import type { ResolvedOptions } from '../options.js'
import type { Limits, Store } from '../store/store.js'
import { Sockets } from './sockets.js'
import { acceptWebSockets } from './websocket.js'

interface Parts {
  app: FastifyInstance
  /** the plugin's name, for what is thrown */
  plugin: string
  /** its protocol's name, for the log */
  protocol: string
  options: ResolvedOptions
  store: Store
  clock: Clock
  /** what counts requests, if the plugin does not count alone */
  limiter: Limiter | undefined
}

/** Where clients of another protocol are served over boxes: what all such plugins need. */
export class Endpoint {
  readonly #path: string
  readonly sockets: Sockets
  readonly service: BoxService
  readonly onError: (error: unknown) => void
  readonly #app: FastifyInstance
  readonly #options: ResolvedOptions
  readonly #limiter: Limiter
  readonly #serviceWith: (more: Partial<Limits>) => BoxService

  constructor ({ app, plugin, protocol, options, store: kept, clock, limiter }: Parts) {
    this.#path = prefixOf(app)
    if (/[:*]/.test(this.#path)) throw new TypeError(`${plugin}: option 'prefix' expected a path without parameters, received '${this.#path}'`)
    const { ttl, maxMessages, maxBoxBytes, maxStoreBytes, maxWaiters, maxRoomWaiters, rateLimit } = options
    const store = prepareStore(app, kept)
    const held = rateLimit === false ? undefined : { boxes: rateLimit.boxes, bytes: rateLimit.bytes }
    const limits = { maxMessages, maxBoxBytes, maxStoreBytes, held }
    this.#app = app
    this.#options = options
    this.#limiter = limiter ?? limiterFor(rateLimit, store.counter, app.log)
    this.#serviceWith = more => new BoxService(store, clock, { ...limits, ...more }, { ttl, maxWaiters, maxRoomWaiters })
    this.service = this.#serviceWith({})
    this.onError = error => {
      if (!isOutage(error) && !hasCode(error, 'BOX_ERR_RATE')) app.log.error({ err: error }, `The ${protocol} endpoint failed`)
    }
    this.sockets = new Sockets(this.#limiter, this.onError)
  }

  /** The same boxes with other limits. */
  withLimits (more: Partial<Limits>): BoxService {
    return this.#serviceWith(more)
  }

  /**
   * Serves until the app is closed.
   * @param paths where WebSockets are accepted, below the plugin's path
   * @param stop called before the sockets are ended
   */
  async serve (paths: string[], routes: (scope: FastifyInstance) => void, stop: () => void = () => {}): Promise<void> {
    const app = this.#app
    const { cors, maxMessageBytes } = this.#options
    app.addHook('preClose', async () => {
      stop()
      await this.sockets.endAll()
      this.service.waiters.endAll()
    })
    closeIdle(app)
    app.addHook('onClose', async () => { await this.service.close() })
    app.addHook('onListen', async () => { this.service.start(this.onError) })
    await app.register(async scope => {
      await acceptWebSockets(scope, paths.map(path => `${this.#path}${path}`), maxMessageBytes)
      scope.setErrorHandler(sendProblem)
      scope.addHook('onRequest', allowOrigins(cors))
      scope.addHook('onRequest', refuseCrossSite)
      for (const hook of countedAs(this.#limiter, 'reads')) scope.addHook('onRequest', hook)
      routes(scope)
    }, { logSerializers })
  }
}

/** Says which pages may read the responses. There are no preflights, since clients send only simple requests. */
function allowOrigins (allowed: ResolvedOptions['cors']) {
  const list = typeof allowed === 'boolean' ? [] : [allowed].flat()
  const any = allowed === true || list.includes('*')
  return async ({ headers: { origin } }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-store' })
    if (any) reply.header('access-control-allow-origin', '*')
    else reply.header('vary', 'origin')
    if (!any && origin !== undefined && list.includes(origin)) reply.header('access-control-allow-origin', origin)
  }
}
