import type { FastifyInstance } from 'fastify'
import { Condition } from '../condition.js'
import { ClosingError } from '../errors.js'
import type { Store } from '../store/store.js'
import { neverShed } from './load-shedding.js'

/** Checks come every few seconds. What one finds wrong has a line of its own. */
const quiet = { ...neverShed, logLevel: 'warn' } as const

/**
 * `/health/live`: the process responds. `/health/ready`: it can serve, which it cannot while its store is
 * unavailable or it is shutting down.
 */
export function healthRoutes (app: FastifyInstance, store: Store): void {
  const away = new Condition(app.log, { level: 'error', begins: 'Not ready: the store check failed', ends: 'Ready again,' })
  let stopping = false
  app.addHook('preClose', async () => { stopping = true })

  app.get('/health/live', quiet, async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }))

  app.get('/health/ready', quiet, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    if (stopping) throw new ClosingError()
    await store.check().then(() => { away.notMet() }, (error: unknown) => {
      away.met(error)
      throw error
    })
    return { status: 'ok' }
  })
}
