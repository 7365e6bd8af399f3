import type { FastifyInstance, FastifyRequest } from 'fastify'
import { carrierOf, cut, isInjected } from './carrier.js'

/** How often bodies that are still arriving are checked, in ms. */
const TICK = 1000

/**
 * Cuts off requests whose body takes too long to arrive: until then, what has arrived stays in memory. Fastify
 * has no such limit by default, and none at all for HTTP/2.
 *
 * A body that arrives together with its headers, as nearly all do, is not tracked.
 *
 * @param seconds how long a body may take
 */
export function limitBodyTime (app: FastifyInstance, seconds: number): void {
  /** the requests whose body is still arriving, with the tick in which they began */
  const arriving = new Map<FastifyRequest, number>()
  let begun: FastifyRequest[] = []
  let now = 0
  let ticker: NodeJS.Timeout | undefined

  function endTurn (): void {
    const requests = begun
    begun = []
    for (const request of requests) if (isArriving(request)) arriving.set(request, now)
    if (arriving.size > 0) ticker ??= setInterval(tick, TICK)
  }

  function tick (): void {
    now++
    for (const [request, since] of arriving) {
      const isLate = (now - since) * TICK > seconds * 1000
      if (isArriving(request) && !isLate) continue
      arriving.delete(request)
      if (isArriving(request)) cut(carrierOf(request))
    }
    if (arriving.size === 0) stop()
  }

  function stop (): void {
    clearInterval(ticker)
    ticker = undefined
  }

  // Hooks of the hot path call back instead of making a promise.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      begun.push(request)
      if (begun.length === 1) setImmediate(endTurn)
    }
    done()
  })
  app.addHook('onClose', async () => { stop() })
}

function isArriving (request: FastifyRequest): boolean {
  const { raw } = request
  return !raw.complete && !raw.destroyed && !isInjected(request)
}
