import Router from 'find-my-way'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MethodError, NoRouteError, NotFoundError, type BoxError } from '../errors.js'
import { prefixOf } from './base.js'
import { logSerializers, METHODS, OWN_PATHS } from './resource.js'

/** Marks the routes that only refuse. */
const REFUSES: unique symbol = Symbol('refuses')

declare module 'fastify' {
  interface FastifyContextConfig {
    [REFUSES]?: boolean
  }
}

type Count = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** The settings of the app's router, wherever its host has put them. */
export function routerOptionsOf ({ initialConfig }: FastifyInstance) {
  const { allowUnsafeRegex = false, caseSensitive = true, ignoreDuplicateSlashes = false, ignoreTrailingSlash = false, maxParamLength = 100, useSemicolonDelimiter = false } =
    { ...initialConfig, ...initialConfig.routerOptions }
  return { allowUnsafeRegex, caseSensitive, ignoreDuplicateSlashes, ignoreTrailingSlash, maxParamLength, useSemicolonDelimiter }
}

/**
 * The routes that are registered on a scope from now on, except wildcards and refusals. Fastify's own router cannot tell
 * which methods a URL has, so this one, with the same settings, remembers only that.
 */
export class Routes {
  readonly #router: Router.Instance<Router.HTTPVersion.V1>
  readonly #methods = new Map<string, string[]>()

  constructor (scope: FastifyInstance) {
    this.#router = Router({ ...routerOptionsOf(scope), maxParamLength: Infinity })
    scope.addHook('onRoute', ({ url, method, config }) => {
      if (url.endsWith('*') || config?.[REFUSES] === true) return
      let methods = this.#methods.get(url)
      if (methods === undefined) {
        this.#methods.set(url, methods = [])
        this.#router.on('GET', url, () => {}, methods)
      }
      methods.push(...[method].flat())
    })
  }

  /** The methods of a request's URL, none if no route matches it, and whether it names a box. */
  find ({ url }: FastifyRequest): { methods: string[], namesBox: boolean } {
    const found = this.#router.find('GET', url)
    // The router also accepts an empty parameter.
    if (found === null || Object.values(found.params).includes('')) return { methods: [], namesBox: false }
    const known = found.store as string[]
    // A route for `/` below a prefix has two URLs, and `onRoute` gets only one of them; of the other, only its HEAD.
    const methods = METHODS.filter(method => known.includes(method) || (method === 'GET' && known.includes('HEAD')))
    return { methods, namesBox: 'box' in found.params }
  }
}

/** The error for a request that no route matches: 405 with `Allow` if its URL has other methods, otherwise 404. */
export function refusal (routes: Routes, request: FastifyRequest, reply: FastifyReply): BoxError {
  const { methods, namesBox } = routes.find(request)
  if (methods.length === 0) return new NoRouteError()
  // URL and method are ours, so a parameter is at fault: it was too long for the router.
  if (methods.includes(request.method)) return namesBox ? new NotFoundError() : new NoRouteError()
  reply.header('allow', methods.join(', '))
  return new MethodError()
}

/**
 * Refuses requests that a resource has no route for. Fastify's own 404 would repeat and log the URL.
 * @param count counts a request for a box that cannot exist against the rate limit
 */
export async function refuseTheRest (scope: FastifyInstance, routes: Routes, count: Count): Promise<void> {
  await scope.register(async rest => {
    logRoutesOnly(rest)
    const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const error = refusal(routes, request, reply)
      if (error instanceof NotFoundError) await count(request, reply)
      throw error
    }
    // The host's CORS may respond to a preflight in a later hook.
    rest.addHook('onRequest', async (request, reply) => { if (request.method !== 'OPTIONS') await refuse(request, reply) })
    rest.setNotFoundHandler(refuse)
    // Fastify finds a not-found handler by the exact spelling of the URL, and a route by the rules of its router.
    // And if a parameter is too long, it responds with 414 and the URL unless this fallback exists.
    for (const url of OWN_PATHS) {
      // Preflights already have a route if they are ours to answer.
      const method = rest.supportedMethods.filter(method => !rest.hasRoute({ method, url: prefixOf(scope) + url }))
      rest.route({ method, url, schema: { hide: true }, config: { [REFUSES]: true }, handler: refuse })
    }
  })
}

/** A not-found handler has no option for serializers. */
function logRoutesOnly (scope: FastifyInstance): void {
  const create = scope.childLoggerFactory
  scope.setChildLoggerFactory((logger, bindings, options, raw) =>
    create.call(scope, logger, bindings, { ...options, serializers: { ...options.serializers, ...logSerializers } }, raw))
}
