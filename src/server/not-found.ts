import type { FastifyInstance, FastifyReply } from 'fastify'
import { MethodError, NoRouteError } from '../errors.js'
import { GUARDED } from '../http/resource.js'

/** What the server has besides the boxes, all of it to be read. */
const PAGES = new Set(['/', '/health/live', '/health/ready', '/metrics'])

/** Refuses whatever no route is there for, before its body is looked at: 405 on the server's own pages, else 404. */
export async function refuseTheRest (app: FastifyInstance): Promise<void> {
  await app.register(async scope => {
    scope.addHook('onRequest', (request, reply, done) => {
      guarded(reply)
      const [path = ''] = request.url.split('?', 1)
      if (!PAGES.has(path)) return done(new NoRouteError())
      reply.header('allow', 'GET, HEAD')
      done(new MethodError())
    })
    scope.setNotFoundHandler(async () => { throw new NoRouteError() })
  })
}

/** An answer outside every resource has the headers of the others all the same. */
export function guarded (reply: FastifyReply): FastifyReply {
  return reply.headers({ ...GUARDED, 'cache-control': 'no-store' })
}
