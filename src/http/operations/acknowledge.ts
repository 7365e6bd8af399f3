import { Type } from '@sinclair/typebox'
import { InvalidError } from '../../errors.js'
import { answering } from '../answers.js'
import type { Api, Scope } from '../api.js'
import { body, json } from '../contract.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { count, cursor, NoQuery, OwnerParams } from '../schemas.js'

const Cursor = Type.Object({
  after: cursor('Everything up to this number is forgotten.')
}, { title: 'Cursor', additionalProperties: false, description: 'How far a reader has seen everything.' })

const CursorAck = Type.Object({
  type: Type.Literal('ack'),
  data: count('Messages left in the box.')
}, { title: 'CursorAck', description: 'The messages up to the cursor are forgotten.' })

export function acknowledge (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.put('/:box/cursor', {
    schema: contract.operation({
      operationId: 'acknowledge',
      tags: ['box'],
      summary: 'Acknowledge messages',
      description: 'Forgets the messages up to and including the cursor. Repeating it changes nothing.',
      params: OwnerParams,
      querystring: NoQuery,
      body: body(Cursor, { after: 1 }),
      response: {
        200: contract.answer('The messages up to the cursor are forgotten.', json(CursorAck, { type: 'ack', data: 0 })),
        ...contract.problems(400, 403, 404, 409, 413, 415, 503)
      }
    }),
    bodyLimit: 1024,
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    // Without a media type, Fastify finds no schema to check the body against.
    preValidation: async request => { if (request.body === undefined) throw new InvalidError('the body is the cursor, as application/json') },
    preHandler: guarded(options.guard, 'acknowledge')
  }, answering(
    request => service.acknowledge(request[DROP], request.body.after),
    left => ({ type: 'ack', data: left })
  ))
}
