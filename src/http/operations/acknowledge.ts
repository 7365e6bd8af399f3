import { Type, type Static } from '@sinclair/typebox'
import { InvalidError } from '../../errors.js'
import { responding } from '../responses.js'
import type { Api, Scope } from '../api.js'
import { body, json } from '../contract.js'
import { guarded } from '../guard.js'
import { serialize } from '../json.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { count, cursor, NoQuery, OwnerParams } from '../schemas.js'

const Cursor = Type.Object({
  after: cursor('The messages up to and including this sequence number are deleted.')
}, { title: 'Cursor', additionalProperties: false, description: 'The position up to which a reader has handled every message.' })

const CursorAck = Type.Object({
  type: Type.Literal('ack'),
  data: count('The number of messages left in the box.')
}, { title: 'CursorAck', description: 'The messages up to the cursor have been deleted.' })
type CursorAck = Static<typeof CursorAck>

export function acknowledge (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.put('/:box/cursor', {
    schema: contract.operation({
      operationId: 'acknowledge',
      tags: ['box'],
      summary: 'Acknowledge messages',
      description: 'Deletes the messages up to and including the cursor. Idempotent.',
      params: OwnerParams,
      querystring: NoQuery,
      body: body(Cursor, { after: 1 }),
      response: {
        200: contract.response('The messages up to the cursor have been deleted.', json(CursorAck, { type: 'ack', data: 0 })),
        ...contract.problems(400, 403, 404, 409, 413, 415, 503)
      }
    }),
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    // Without a media type, Fastify finds no schema to check the body against.
    preValidation: async request => { if (request.body === undefined) throw new InvalidError('the body must be the cursor, as application/json') },
    preHandler: guarded(options.guard, 'acknowledge')
  }, responding(
    request => service.acknowledge(request[DROP], request.body.after),
    left => serialize<CursorAck>({ type: 'ack', data: left })
  ))
}
