import { created, responding } from '../responses.js'
import type { Api, Scope } from '../api.js'
import { baseOf } from '../base.js'
import { allowNoBody } from '../body.js'
import { body, json } from '../contract.js'
import { CREATES_BOX } from '../document.js'
import { guarded } from '../guard.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { Created, createdExample, NoQuery, OwnerParams, settings } from '../schemas.js'

/** The only operation that makes a box of an id that the caller chose. */
export function openBox (scope: Scope, { service, options, limiter, contract }: Api): void {
  scope.put('/:box', {
    schema: contract.operation({
      operationId: 'openBox',
      [CREATES_BOX]: true,
      tags: ['box'],
      summary: 'Open a box',
      description: 'Creates an empty box under an id that the client has made, unless the box exists. Everyone who derives the same id from a shared secret opens the same box. ' +
        'The id must be as hard to guess as one that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never from a name or a password. ' +
        'Idempotent: an existing box keeps its messages and its settings, whatever the body says, and is only renewed. ' +
        'Every request counts as a read for the rate limit; one that finds no box also counts as a create.',
      params: OwnerParams,
      querystring: NoQuery,
      body: body(settings(options), { ttl: 3600 }),
      response: {
        200: contract.response('The box exists.', json(Created, createdExample)),
        201: contract.response('The box was created.', json(Created, createdExample), { Location: 'The path of the box.' }),
        ...contract.problems(400, 403, 404, 413, 415, 503, 507)
      }
    }),
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    preValidation: allowNoBody,
    preHandler: guarded(options.guard, 'openBox')
  }, responding(
    (request, reply) => service.open(request.params.box, request[DROP], request.body, limiter.holder(request), () => limiter.count('creates', request, reply)),
    (opened, request, reply) => {
      if (opened.created) reply.code(201).header('location', `${baseOf(request)}/boxes/${opened.boxId}`)
      return created(opened)
    }
  ))
}
