import type { FastifyInstance } from 'fastify'
import type { BoxService } from '../box/box-service.js'
import { withKey } from '../box/message.js'
import { InvalidError } from '../errors.js'
import type { Operation, ResolvedOptions } from '../options.js'
import type { NewMessage } from '../store/store.js'
import { endOfTurn } from '../end-of-turn.js'
import { ack, created, page, pageLimit, pageSize } from './answers.js'
import { baseOf } from './base.js'
import { parseMessages, parseParameters } from './body.js'
import { guarded } from './guard.js'
import { iceServers } from './ice-servers.js'
import type { operations } from './operations.js'
import type { Outgoing } from './outgoing.js'
import { countedAs, type Kind, type Limiter } from './rate-limit.js'
import { readHandler } from './read.js'
import { refuseTheRest } from './refusals.js'
import { anyBox, DROP, ownBox } from './resource.js'
import type { AcknowledgeBody, CreateBoxBody } from './schemas.js'
import { readDecimals, unchecked, validatorCompiler } from './validation.js'

export interface Api {
  service: BoxService
  options: ResolvedOptions
  limiter: Limiter
  outgoing: Outgoing
  operations: ReturnType<typeof operations>
}

/** The operations below `/boxes`. */
export async function boxRoutes (scope: FastifyInstance, { service, options, limiter, outgoing, operations }: Api): Promise<void> {
  const counted = (kind: Kind) => countedAs(limiter, kind)
  const guard = (operation: Operation) => guarded(options.guard, operation)
  scope.decorateRequest(DROP, '')
  parseParameters(scope)

  scope.post<{ Body: CreateBoxBody }>('', {
    schema: operations.createBox,
    bodyLimit: 1024,
    onRequest: counted('creates'),
    preValidation: (request, _reply, done) => {
      if (request.body === undefined) request.body = {}
      done()
    },
    preHandler: guard('createBox')
  }, async (request, reply) => {
    const made = await service.create(request.body.ttl, limiter.holder(request))
    await endOfTurn()
    reply.code(201).header('location', `${baseOf(request)}/boxes/${made.boxId}`)
    return created(reply, made)
  })

  scope.get('/:box/messages', {
    schema: operations.readMessages,
    exposeHeadRoute: true,
    onRequest: [...counted('reads'), ownBox],
    preValidation: readDecimals,
    preHandler: guard('readMessages')
  }, readHandler(service, options, limiter, outgoing))

  scope.put<{ Body: AcknowledgeBody }>('/:box/cursor', {
    schema: operations.acknowledge,
    bodyLimit: 1024,
    onRequest: [...counted('reads'), ownBox],
    // Without a media type Fastify finds no schema to check the body against.
    preValidation: async request => { if (request.body === undefined) throw new InvalidError('the body is the cursor, as application/json') },
    preHandler: guard('acknowledge')
  }, async request => ({ type: 'ack', data: await service.acknowledge(request[DROP], request.body.after) }))

  scope.delete('/:box/messages', {
    schema: operations.drainMessages,
    onRequest: [...counted('reads'), ownBox],
    preHandler: guard('drainMessages')
  }, async (request, reply) => {
    outgoing.refuseAhead(request, pageLimit(options))
    const taken = await service.drain(request[DROP])
    outgoing.count(request, reply, pageSize(taken))
    await endOfTurn()
    return page(reply, taken)
  })

  scope.delete('/:box', {
    schema: operations.deleteBox,
    onRequest: [...counted('reads'), ownBox],
    preHandler: guard('deleteBox')
  }, async (request, reply) => {
    await service.delete(request[DROP])
    return reply.code(204).send()
  })

  scope.get('/:box/ice-servers', {
    schema: operations.getIceServers,
    exposeHeadRoute: true,
    onRequest: [...counted('reads'), anyBox],
    preHandler: guard('getIceServers')
  }, async request => {
    await service.touch(request[DROP])
    return iceServers(options.ice, service.now())
  })

  await scope.register(async messages => {
    parseMessages(messages)
    // The parser has checked the body; what it made of it is no JSON value for a schema.
    messages.setValidatorCompiler(part => part.httpPart === 'body' ? unchecked() : validatorCompiler(part as Parameters<typeof validatorCompiler>[0]))
    messages.post('/:box/messages', {
      schema: operations.storeMessage,
      bodyLimit: options.maxMessageBytes,
      onRequest: [...counted('stores'), anyBox],
      preHandler: guard('storeMessage')
    }, async (request, reply) => {
      const message = request.body as NewMessage | undefined
      if (message === undefined) throw new InvalidError('the body is the message, as application/json or text/plain')
      const key = request.headers['idempotency-key'] as string | undefined
      const appended = await service.append(request[DROP], key === undefined ? message : withKey(message, key))
      await endOfTurn()
      return ack(reply, appended)
    })
  })

  await refuseTheRest(scope, {
    '': ['POST'],
    '/:box': ['DELETE'],
    '/:box/messages': ['GET', 'HEAD', 'POST', 'DELETE'],
    '/:box/cursor': ['PUT'],
    '/:box/ice-servers': ['GET', 'HEAD']
  })
}
