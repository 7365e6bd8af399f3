import { msgs, responding } from '../responses.js'
import type { Api, Scope } from '../api.js'
import { json } from '../contract.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { Msgs, NoQuery, OwnerParams } from '../schemas.js'

export function drainMessages (scope: Scope, { service, options, limiter, outgoing, contract }: Api): void {
  scope.delete('/:box/messages', {
    schema: contract.operation({
      operationId: 'drainMessages',
      tags: ['box'],
      summary: 'Drain the box',
      description: 'Takes all messages out of the box in one atomic step. If the response is lost, so are the messages; if that matters, read and acknowledge instead.',
      params: OwnerParams,
      querystring: NoQuery,
      response: {
        200: contract.response('All messages that were in the box.', json(Msgs, { type: 'msgs', data: ['Hello'], next: 1 })),
        ...contract.problems(400, 403, 404, 413, 415, 503)
      }
    }),
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    preHandler: guarded(options.guard, 'drainMessages')
  }, responding(
    (request, reply) => outgoing.drain(request, reply, most => service.drain(request[DROP], most)),
    msgs
  ))
}
