import type { Api, Scope } from '../api.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { NoQuery, OwnerParams } from '../schemas.js'

export function deleteBox (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.delete('/:box', {
    schema: contract.operation({
      operationId: 'deleteBox',
      tags: ['box'],
      summary: 'Delete the box',
      description: 'Deletes the box and its messages. Its id and drop address become permanently invalid.',
      params: OwnerParams,
      querystring: NoQuery,
      response: {
        204: contract.response('The box was deleted.', { type: 'null' }),
        ...contract.problems(400, 403, 404, 413, 415, 503)
      }
    }),
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    preHandler: guarded(options.guard, 'deleteBox')
  }, async (request, reply) => {
    await service.delete(request[DROP])
    return reply.code(204).send()
  })
}
