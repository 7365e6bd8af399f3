import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusyError } from '../errors.js'
import { PROBLEM_TYPE, toProblem } from '../http/problem.js'

/** Mean delay of the event loop over a second, ms. A flood alone stays far below it; what passes it is a machine that hangs. */
const MAX_DELAY = 1_000
/** How often the delay is measured, ms. */
const SAMPLE = 1_000
/** Seconds a refused client waits. */
const RETRY_AFTER = 2

const overload = JSON.stringify(toProblem(new BusyError()))

/** Refuses what can not be answered in good time anyway, at once and without a line in the log for each. */
export async function refuseUnderPressure (app: FastifyInstance): Promise<void> {
  // Starting keeps the event loop busy, which says nothing about what comes after. So nothing is
  // refused before there is a measurement that began when the server was ready.
  let measured = Infinity
  app.addHook('onReady', async () => { measured = performance.now() + 2 * SAMPLE })

  await app.register(underPressure, {
    maxEventLoopDelay: MAX_DELAY,
    sampleInterval: SAMPLE,
    pressureHandler: (_request: FastifyRequest, reply: FastifyReply) => {
      if (performance.now() < measured) return
      reply.code(503).header('retry-after', RETRY_AFTER).header('cache-control', 'no-store').type(PROBLEM_TYPE)
      // What a handler returns is sent, which the types do not say.
      return overload as unknown as undefined
    }
  })
}

/** For a route that answers under pressure too. */
export const unpressed = { config: { pressureHandler: () => {} } }
