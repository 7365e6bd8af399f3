import type { FastifyInstance } from 'fastify'
import { Outgoing, type OutgoingLimits } from './outgoing.js'

const ofServers = new WeakMap<FastifyInstance['server'], Outgoing>()

/** The instance of the app's server, which all its plugins share. */
export function outgoingOf (app: FastifyInstance): Outgoing {
  return ofServers.get(app.server) ?? createOutgoing(app)
}

/** Creates that instance with limits of its own, before anything else uses it. */
export function createOutgoing ({ server, log }: FastifyInstance, limits?: OutgoingLimits): Outgoing {
  if (ofServers.has(server)) throw new Error('The limits on unsent responses apply to the whole server and are set already')
  const outgoing = new Outgoing(log, limits)
  ofServers.set(server, outgoing)
  return outgoing
}
