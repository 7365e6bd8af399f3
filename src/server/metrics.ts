import type { FastifyReply, FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { StoreMeter } from './metered-store.js'

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30]
const STORE_BUCKETS = [0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]

interface Metrics {
  registry: Registry
  storeMeter (store: string): StoreMeter
  observeRequest (request: FastifyRequest, reply: FastifyReply): void
  /** counts a request that was refused because the server is overloaded */
  countShed (this: void): void
}

/** The server's metrics, in a registry of their own. Labels are patterns and fixed words, never input. */
export function createMetrics (): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of the response; for a stream, to the end of the stream',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers: [registry]
  })
  const operations = new Histogram({
    name: 'signalbox_store_operation_seconds',
    help: 'Duration of a store operation',
    labelNames: ['store', 'operation', 'outcome'],
    buckets: STORE_BUCKETS,
    registers: [registry]
  })
  const waiters = new Gauge({
    name: 'signalbox_waiters',
    help: 'Long-polls and streams waiting for a message',
    registers: [registry]
  })
  const shed = new Counter({
    name: 'signalbox_shed_requests_total',
    help: 'Requests refused because the event loop was too far behind',
    registers: [registry]
  })
  return {
    registry,
    storeMeter: store => ({
      observe: (operation, outcome, seconds) => { operations.observe({ store, operation, outcome }, seconds) },
      waiting: change => { waiters.inc(change) }
    }),
    observeRequest: (request, reply) => {
      const { method, routeOptions: { url: route = 'none' } } = request
      requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    },
    countShed: () => { shed.inc() }
  }
}
