import { Type, type Static } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseCapability } from '../../box/capability.js'
import { messageFromString } from '../../box/message.js'
import { DropOnlyError, NotFoundError, PrefetchError, TooLargeError } from '../../errors.js'
import type { Operation } from '../../options.js'
import { classicMsgs, created, responding } from '../responses.js'
import type { Api, RequestWith, SchemaTypes } from '../api.js'
import { json } from '../contract.js'
import { refuseCrossSite } from '../cross-site.js'
import { guarded } from '../guard.js'
import { serialize } from '../json.js'
import type { Kind } from '../rate-limit.js'
import { routerOptionsOf } from '../refusals.js'
import { DROP } from '../resource.js'
import { ClassicMsgs, count, createdExample, createdMembers } from '../schemas.js'

/** Other parameters are accepted, as in the original: its clients send cache busters. */
const Query = Type.Object({
  box: Type.Optional(Type.String({ description: 'A box id or, to store a message, a drop address. If absent, a box is created.' })),
  msg: Type.Optional(Type.String({ description: 'The message to store. If absent, the box is drained.' }))
})
type Classic = RequestWith<{ query: typeof Query }>

const ClassicCreated = Type.Object(createdMembers, { title: 'ClassicCreated', description: 'The box was created.' })

const ClassicAck = Type.Object({
  type: Type.Literal('ack'),
  data: count('The number of messages now in the box.')
}, { title: 'ClassicAck', description: 'The message was stored.' })
type ClassicAck = Static<typeof ClassicAck>

const ClassicAnswer = Type.Unsafe<Static<typeof ClassicCreated> | ClassicAck | ClassicMsgs>({
  oneOf: [ClassicCreated, ClassicAck, ClassicMsgs], discriminator: { propertyName: 'type' }, title: 'ClassicAnswer', description: 'The result: `type` says whether a box was created, a message stored, or a box drained.'
})

/** The actions of the script, and the rate limit that each counts against. */
const KINDS = { createBox: 'creates', storeMessage: 'stores', drainMessages: 'reads' } as const satisfies Partial<Record<Operation, Kind>>

/**
 * The API of the original PHP script: three actions, by GET with query parameters. The API is fixed: GET
 * changes state, so there is no HEAD, and prefetches are refused.
 */
export async function classicBox (scope: FastifyInstance, { service, options, limiter, outgoing, contract }: Api): Promise<void> {
  scope.decorateRequest(DROP, '')
  if (options.cors !== true) scope.addHook('onRequest', refuseCrossSite)

  const actions = {
    createBox: responding((request: Classic) => service.create(undefined, limiter.holder(request)), created),
    storeMessage: responding(async (request: Classic) => {
      const { msg } = parameters(request)
      const message = messageFromString(msg)
      if (Buffer.byteLength(msg) > options.maxMessageBytes) throw new TooLargeError(options.maxMessageBytes)
      return await service.append(request[DROP], message)
    }, ({ count }) => serialize<ClassicAck>({ type: 'ack', data: count })),
    drainMessages: responding((request: Classic, reply) => outgoing.drain(request, reply, most => service.drain(request[DROP], most)), classicMsgs)
  }

  const documented = contract.operation({
    operationId: 'classicBox',
    tags: ['classic'],
    summary: 'Create, store or drain by query parameters',
    description: 'The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and `msg`, it stores the text; with `box` alone, it drains the box. ' +
      'GET changes state, so HEAD requests and prefetches are refused. Prefer the other operations.',
    querystring: Query,
    response: {
      200: contract.response('The result: `type` says whether a box was created, a message stored, or a box drained.', json(ClassicAnswer, createdExample)),
      ...contract.problems(400, 403, 404, 409, 413, 503, 507)
    }
  })

  // If the host's router treats both spellings the same, one route is enough.
  for (const url of routerOptionsOf(scope).ignoreTrailingSlash ? [''] : ['', '/']) {
    scope.withTypeProvider<SchemaTypes>().get(url, {
      schema: url === '' ? documented : { ...documented, hide: true },
      exposeHeadRoute: false,
      prefixTrailingSlash: 'slash',
      onRequest: async (request, reply) => {
        await limiter.count(KINDS[actionOf(request)], request, reply)
        if (isPrefetch(request)) throw new PrefetchError()
      },
      preHandler: [findBox, ...guarded(options.guard, actionOf)]
    }, (request, reply) => actions[actionOf(request)](request, reply))
  }
}

/** Recognized by the header of the Fetch standard, or by the headers that browsers sent before it. */
function isPrefetch ({ headers }: FastifyRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-moz'].some(name => String(headers[name] ?? '').startsWith('prefetch'))
}

/** An empty parameter counts as missing. */
function parameters ({ query: { box = '', msg = '' } }: Classic): { box: string, msg: string } {
  return { box, msg }
}

function actionOf (request: Classic): keyof typeof KINDS {
  const { box, msg } = parameters(request)
  if (box === '') return 'createBox'
  return msg === '' ? 'drainMessages' : 'storeMessage'
}

/** Finds the box that the query names, if any. Fails with NotFoundError or DropOnlyError. */
function findBox (request: Classic, _reply: FastifyReply, done: (error?: Error) => void): void {
  const action = actionOf(request)
  if (action === 'createBox') return done()
  const capability = parseCapability(parameters(request).box)
  if (capability === undefined) return done(new NotFoundError())
  if (action === 'drainMessages' && !capability.owner) return done(new DropOnlyError())
  request[DROP] = capability.drop
  done()
}
