import type { FastifyInstance } from 'fastify'
import { ClosingError } from '../errors.js'
import type { Store } from '../store/store.js'
import { unpressed } from './pressure.js'

/** `/health/live`: the process answers. `/health/ready`: it can serve, which it can not while its store is away or it is stopping. */
export function healthRoutes (app: FastifyInstance, store: Store): void {
  let stopping = false
  app.addHook('preClose', async () => { stopping = true })

  app.get('/health/live', unpressed, async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }))

  app.get('/health/ready', unpressed, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    if (stopping) throw new ClosingError()
    await store.check()
    return { status: 'ok' }
  })
}
