import { created, responding } from '../responses.js'
import type { Api, Scope } from '../api.js'
import { baseOf } from '../base.js'
import { allowNoBody } from '../body.js'
import { body, json } from '../contract.js'
import { CREATES_BOX } from '../document.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { Created, createdExample, NoQuery, settings } from '../schemas.js'

export function createBox (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.post('', {
    schema: contract.operation({
      operationId: 'createBox',
      [CREATES_BOX]: true,
      tags: ['box'],
      summary: 'Create a box',
      description: 'Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only store messages in the box. With `keep`, the box is a room.',
      querystring: NoQuery,
      body: body(settings(options), { ttl: 3600 }),
      response: {
        201: contract.response('The box was created.', json(Created, createdExample), { Location: 'The path of the box.' }),
        ...contract.problems(400, 413, 415, 503, 507)
      }
    }),
    onRequest: countedAs(limiter, 'creates'),
    preValidation: allowNoBody,
    preHandler: guarded(options.guard, 'createBox')
  }, responding(
    request => service.create(request.body, limiter.holder(request)),
    (made, request, reply) => {
      reply.code(201).header('location', `${baseOf(request)}/boxes/${made.boxId}`)
      return created(made)
    }
  ))
}
