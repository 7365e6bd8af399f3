import type { FastifyInstance } from 'fastify'
import { NoRouteError } from '../errors.js'
import { refusal, type Routes } from '../http/refusals.js'
import { SECURITY_HEADERS } from '../http/resource.js'

/** Refuses every request without a route before its body is read: 405 on the server's own routes, otherwise 404. */
export async function handleUnknownRoutes (app: FastifyInstance, routes: Routes): Promise<void> {
  await app.register(async scope => {
    scope.addHook('onRequest', (request, reply, done) => {
      reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-store' })
      done(refusal(routes, request, reply))
    })
    scope.setNotFoundHandler(async () => { throw new NoRouteError() })
  })
}
