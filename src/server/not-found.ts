import type { FastifyInstance } from 'fastify'
import { MethodError, NoRouteError } from '../errors.js'
import { GUARDED } from '../http/resource.js'

/** The server's own read-only routes, besides the box routes. */
const PAGES = new Set(['/', '/health/live', '/health/ready', '/metrics'])

/** Refuses every request without a route before its body is read: 405 on the server's own routes, otherwise 404. */
export async function handleUnknownRoutes (app: FastifyInstance): Promise<void> {
  await app.register(async scope => {
    scope.addHook('onRequest', (request, reply, done) => {
      reply.headers({ ...GUARDED, 'cache-control': 'no-store' })
      const [path = ''] = request.url.split('?', 1)
      if (!PAGES.has(path)) return done(new NoRouteError())
      reply.header('allow', 'GET, HEAD')
      done(new MethodError())
    })
    scope.setNotFoundHandler(async () => { throw new NoRouteError() })
  })
}
