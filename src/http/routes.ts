import type { FastifyInstance } from 'fastify'
import type { Api, SchemaTypes } from './api.js'
import { parseParameters } from './body.js'
import { refuseCrossSite } from './cross-site.js'
import { acknowledge } from './operations/acknowledge.js'
import { createBox } from './operations/create-box.js'
import { deleteBox } from './operations/delete-box.js'
import { drainMessages } from './operations/drain-messages.js'
import { getIceServers } from './operations/get-ice-servers.js'
import { openBox } from './operations/open-box.js'
import { readMessages } from './operations/read-messages.js'
import { storeMessage } from './operations/store-message.js'
import { streamBoxes } from './operations/stream-boxes.js'
import { DROP } from './resource.js'

/** The operations below `/boxes`, in the order of the contract. */
export async function boxRoutes (scope: FastifyInstance, api: Api): Promise<void> {
  const boxes = scope.withTypeProvider<SchemaTypes>()
  boxes.decorateRequest(DROP, '')
  parseParameters(scope)
  if (api.options.cors !== true) scope.addHook('onRequest', refuseCrossSite)
  createBox(boxes, api)
  openBox(boxes, api)
  readMessages(boxes, api)
  acknowledge(boxes, api)
  drainMessages(boxes, api)
  deleteBox(boxes, api)
  getIceServers(boxes, api)
  await storeMessage(boxes, api)
}

/** The operation at `/streams`. */
export async function streamRoutes (scope: FastifyInstance, api: Api): Promise<void> {
  parseParameters(scope)
  if (api.options.cors !== true) scope.addHook('onRequest', refuseCrossSite)
  streamBoxes(scope.withTypeProvider<SchemaTypes>(), api)
}
