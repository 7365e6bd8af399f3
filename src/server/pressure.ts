import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { StoreError } from '../errors.js'
import { PROBLEM_TYPE, toProblem } from '../http/problem.js'

/** Mean delay of the event loop over a second, ms. A flood alone stays far below it; what passes it is a machine that hangs. */
const MAX_DELAY = 1_000
/** Seconds a refused client waits. */
const RETRY_AFTER = 2

const overload = JSON.stringify(toProblem(new StoreError()))

/** Refuses what can not be answered in good time anyway, at once and without a line in the log for each. */
export async function refuseUnderPressure (app: FastifyInstance): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: MAX_DELAY,
    pressureHandler: (_request: FastifyRequest, reply: FastifyReply) => {
      reply.code(503).header('retry-after', RETRY_AFTER).header('cache-control', 'no-store').type(PROBLEM_TYPE)
      // What a handler returns is sent, which the types do not say.
      return overload as unknown as undefined
    }
  })
}

/** For a route that answers under pressure too. */
export const unpressed = { config: { pressureHandler: () => {} } }
