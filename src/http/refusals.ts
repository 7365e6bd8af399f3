import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MethodError, NoRouteError, NotFoundError, type BoxError } from '../errors.js'
import { logSerializers } from './resource.js'

type Count = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Refuses requests that a resource has no route for: 405 with `Allow` on its URLs, 404 elsewhere below it.
 * Fastify's own 404 would repeat and log the URL.
 * @param allowed the methods of each URL, relative to the scope's prefix
 * @param count counts a request for a box that cannot exist against the rate limit
 */
export async function refuseTheRest (scope: FastifyInstance, allowed: Record<string, readonly string[]>, count?: Count): Promise<void> {
  const addresses = Object.entries(allowed).map(([url, methods]) => ({ form: formOf(scope.prefix + url), methods }))

  function refusal (request: FastifyRequest, reply: FastifyReply): BoxError {
    const [path = ''] = request.url.split('?', 1)
    const address = addresses.find(({ form }) => form.test(path))
    if (address === undefined) return new NoRouteError()
    // URL and method are ours, so the box is at fault: it was too long for the router.
    if (address.methods.includes(request.method)) return new NotFoundError()
    reply.header('allow', address.methods.join(', '))
    return new MethodError()
  }

  await scope.register(async rest => {
    logRoutesOnly(rest)
    rest.addHook('onRequest', async (request, reply) => {
      const error = refusal(request, reply)
      if (error instanceof NotFoundError) await count?.(request, reply)
      throw error
    })
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => { throw refusal(request, reply) }
    rest.setNotFoundHandler(handler)
    // If a parameter is too long, the router responds with 414 and the URL unless this fallback exists.
    // Preflights already have such a route if they are ours to answer.
    const method = rest.supportedMethods.filter(method => !rest.hasRoute({ method, url: `${scope.prefix}*` }))
    rest.route({ method, url: '/*', schema: { hide: true }, handler })
  })
}

/** The pattern of a route's URLs: each parameter is one segment. */
function formOf (route: string): RegExp {
  return new RegExp(`^${route.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`)
}

/** A not-found handler has no option for serializers. */
function logRoutesOnly (scope: FastifyInstance): void {
  const create = scope.childLoggerFactory
  scope.setChildLoggerFactory((logger, bindings, options, raw) =>
    create.call(scope, logger, bindings, { ...options, serializers: { ...options.serializers, ...logSerializers } }, raw))
}
