import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { Condition } from '../condition.js'
import { BusyError } from '../errors.js'
import { PROBLEM_TYPE, problemText } from '../http/problem.js'

/**
 * The mean event loop delay over a second, in ms, above which requests are refused. A flood of requests stays
 * far below it; a machine that hangs does not.
 */
const MAX_DELAY = 1_000
/** How often the delay is measured, in ms. */
const SAMPLE = 1_000
/** The interval of the timer whose delays are measured, in ms. The delays include it. */
const RESOLUTION = 10
/** How long a refused client should wait, in seconds. */
const RETRY_AFTER = 2

const overload = problemText(new BusyError())

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route responds even under pressure. */
    neverShed?: boolean
  }
}

/** For routes that respond even under pressure. */
export const neverShed = { config: { neverShed: true } }

/**
 * Refuses requests that could not be answered in reasonable time, at once and without a log line for each.
 *
 * It does not use @fastify/under-pressure, whose timer also calls `process.memoryUsage()`. That opens
 * a file, so it throws when the process is out of file descriptors, and nothing can catch that.
 *
 * @param headers of each refusal, besides its own
 * @param onShed called for each refusal
 * @param now in ms, on a monotonic clock
 */
export function shedLoad (app: FastifyInstance, headers: Record<string, string>, onShed: () => void, now?: () => number): void {
  const condition = new Condition(app.log, { level: 'warn', begins: 'Overloaded: the event loop is behind by more than a second; requests are refused', ends: 'No longer overloaded,' }, now)
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
  let overloaded = false
  let timer: NodeJS.Timeout | undefined

  function measure (): void {
    // NaN: the event loop did not turn at all.
    overloaded = Number.isNaN(delays.mean) || delays.mean / 1e6 - RESOLUTION > MAX_DELAY
    delays.reset()
    if (!overloaded) condition.notMet()
  }

  // Startup keeps the event loop busy, which says nothing about the load later.
  app.addHook('onReady', async () => {
    delays.enable()
    timer = setInterval(measure, SAMPLE)
  })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    delays.disable()
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (!overloaded || request.routeOptions.config.neverShed === true) return done()
    condition.met(undefined)
    onShed()
    reply.code(503).headers(headers).header('retry-after', RETRY_AFTER).type(PROBLEM_TYPE).send(overload)
  })
}
