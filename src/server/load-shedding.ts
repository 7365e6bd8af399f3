import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusyError } from '../errors.js'
import { PROBLEM_TYPE, toProblem } from '../http/problem.js'

/**
 * The mean event loop delay over a second, in ms, above which requests are refused. A flood of requests stays
 * far below it; a machine that hangs does not.
 */
const MAX_DELAY = 1_000
/** How often the delay is measured, in ms. */
const SAMPLE = 1_000
/** How long a refused client should wait, in seconds. */
const RETRY_AFTER = 2

const overload = JSON.stringify(toProblem(new BusyError()))

/** Refuses requests that could not be answered in good time, at once and without a log line for each. */
export async function shedLoad (app: FastifyInstance): Promise<void> {
  // Startup keeps the event loop busy, which says nothing about later. So nothing is refused until a
  // measurement has begun after the server became ready.
  let measured = Infinity
  app.addHook('onReady', async () => { measured = performance.now() + 2 * SAMPLE })

  await app.register(underPressure, {
    maxEventLoopDelay: MAX_DELAY,
    sampleInterval: SAMPLE,
    pressureHandler: (_request: FastifyRequest, reply: FastifyReply) => {
      if (performance.now() < measured) return
      reply.code(503).header('retry-after', RETRY_AFTER).header('cache-control', 'no-store').type(PROBLEM_TYPE)
      // The return value is sent, which the types do not say.
      return overload as unknown as undefined
    }
  })
}

/** For routes that respond under pressure, too. */
export const neverShed = { config: { pressureHandler: () => {} } }
