import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BoxService, Created } from '../box/box-service.js'
import { withKey } from '../box/message.js'
import { InvalidError } from '../errors.js'
import type { ResolvedOptions } from '../options.js'
import type { NewMessage } from '../store/store.js'
import { endOfTurn } from '../turn.js'
import { ack, page } from './answers.js'
import { parseMessages, parseParameters } from './body.js'
import type { operations } from './operations.js'
import { HostError } from './problem.js'
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
  operations: ReturnType<typeof operations>
}

/** The operations below `/boxes`. */
export async function boxRoutes (scope: FastifyInstance, { service, options, limiter, operations }: Api): Promise<void> {
  const counted = (kind: Kind) => countedAs(limiter, kind)
  scope.decorateRequest(DROP, '')
  parseParameters(scope)

  scope.post<{ Body: CreateBoxBody }>('', {
    schema: operations.createBox,
    bodyLimit: 1024,
    onRequest: counted('creates'),
    preValidation: async request => { if (request.body === undefined) request.body = {} },
    preHandler: guard(options)
  }, async (request, reply) => {
    const created = await service.create(request.body.ttl)
    return reply.code(201).header('location', `${scope.prefix}/${created.boxId}`).send(describeCreated(created))
  })

  scope.get('/:box/messages', {
    schema: operations.readMessages,
    exposeHeadRoute: true,
    onRequest: [...counted('reads'), ownBox],
    preValidation: readDecimals
  }, readHandler(service, options, limiter))

  scope.put<{ Body: AcknowledgeBody }>('/:box/cursor', {
    schema: operations.acknowledge,
    bodyLimit: 1024,
    onRequest: [...counted('reads'), ownBox],
    // Without a media type Fastify finds no schema to check the body against.
    preValidation: async request => { if (request.body === undefined) throw new InvalidError('the body is the cursor, as application/json') }
  }, async request => ({ type: 'ack', data: await service.acknowledge(request[DROP], request.body.after) }))

  scope.delete('/:box/messages', {
    schema: operations.drainMessages,
    onRequest: [...counted('reads'), ownBox]
  }, async (request, reply) => {
    const taken = await service.drain(request[DROP])
    await endOfTurn()
    return page(reply, taken)
  })

  scope.delete('/:box', {
    schema: operations.deleteBox,
    onRequest: [...counted('reads'), ownBox]
  }, async (request, reply) => {
    await service.delete(request[DROP])
    return reply.code(204).send()
  })

  await scope.register(async messages => {
    parseMessages(messages)
    // The parser has checked the body; what it made of it is no JSON value for a schema.
    messages.setValidatorCompiler(part => part.httpPart === 'body' ? unchecked() : validatorCompiler(part as Parameters<typeof validatorCompiler>[0]))
    messages.post('/:box/messages', {
      schema: operations.storeMessage,
      bodyLimit: options.maxMessageBytes,
      onRequest: [...counted('stores'), anyBox]
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
    '/:box/cursor': ['PUT']
  })
}

export function describeCreated ({ boxId, drop, expires }: Created) {
  return { type: 'created', data: boxId, drop, expires: new Date(expires).toISOString() }
}

/** The host's say in who may create. */
export function guard ({ guardCreate }: ResolvedOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      await guardCreate?.(request, reply)
    } catch (error) {
      const { statusCode = 0 } = (error ?? {}) as { statusCode?: number }
      throw new HostError(error, statusCode >= 400 && statusCode < 500 ? statusCode : 403)
    }
  }
}
