import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseCapability } from '../box/capability.js'
import { messageFromString } from '../box/message.js'
import { DropOnlyError, NotFoundError, PrefetchError, TooLargeError } from '../errors.js'
import type { Operation } from '../options.js'
import { created, JSON_TYPE, pageLimit, pageSize } from './answers.js'
import { guarded } from './guard.js'
import type { Kind } from './rate-limit.js'
import { refuseTheRest } from './refusals.js'
import { DROP } from './resource.js'
import type { Api } from './routes.js'
import type { ClassicQuery } from './schemas.js'

/** What the script can do, and what each action counts as. */
const KINDS = { createBox: 'creates', storeMessage: 'stores', drainMessages: 'reads' } as const satisfies Partial<Record<Operation, Kind>>

/**
 * The original PHP script's API: three actions by GET and query. It changes things by GET
 * because that API is given, so it has no HEAD and refuses prefetches.
 */
export async function classicRoutes (scope: FastifyInstance, { service, options, limiter, outgoing, operations }: Api): Promise<void> {
  scope.decorateRequest(DROP, '')

  async function classicBox (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    switch (actionOf(request)) {
      case 'createBox': return created(reply, await service.create(undefined, limiter.holder(request)))
      case 'storeMessage': {
        const { msg } = parameters(request)
        const message = messageFromString(msg)
        if (Buffer.byteLength(msg) > options.maxMessageBytes) throw new TooLargeError()
        const { count } = await service.append(request[DROP], message)
        return { type: 'ack', data: count }
      }
      case 'drainMessages': {
        outgoing.refuseAhead(request, pageLimit(options))
        const taken = await service.drain(request[DROP])
        outgoing.count(request, reply, pageSize(taken))
        const { texts } = taken
        return reply.type(JSON_TYPE).send(`{"type":"msgs","data":[${texts.join(',')}]}`)
      }
    }
  }

  for (const url of ignoresTrailingSlash(scope) ? [''] : ['', '/']) {
    scope.get(url, {
      schema: url === '' ? operations.classicBox : { querystring: operations.classicBox.querystring, hide: true },
      exposeHeadRoute: false,
      prefixTrailingSlash: 'slash',
      onRequest: async (request, reply) => {
        await limiter.count(KINDS[actionOf(request)], request, reply)
        if (isPrefetch(request)) throw new PrefetchError()
      },
      preHandler: [findBox, ...guarded(options.guard, actionOf)]
    }, classicBox)
  }
  await refuseTheRest(scope, { '': ['GET'], '/': ['GET'] })
}

/** In a host whose router takes both spellings for one, there is one route. */
function ignoresTrailingSlash ({ initialConfig }: FastifyInstance): boolean {
  return (initialConfig.routerOptions?.ignoreTrailingSlash ?? initialConfig.ignoreTrailingSlash) === true
}

/** By the header of the Fetch standard, or by what browsers sent before it. */
function isPrefetch ({ headers }: FastifyRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-moz'].some(name => String(headers[name] ?? '').startsWith('prefetch'))
}

/** A missing parameter and an empty one are the same. */
function parameters (request: FastifyRequest): Required<ClassicQuery> {
  const { box = '', msg = '' } = request.query as ClassicQuery
  return { box, msg }
}

function actionOf (request: FastifyRequest): keyof typeof KINDS {
  const { box, msg } = parameters(request)
  if (box === '') return 'createBox'
  return msg === '' ? 'drainMessages' : 'storeMessage'
}

/** Finds the box that the query names, if it names one: NotFoundError, DropOnlyError. */
function findBox (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const action = actionOf(request)
  if (action === 'createBox') return done()
  const capability = parseCapability(parameters(request).box)
  if (capability === undefined) return done(new NotFoundError())
  if (action === 'drainMessages' && !capability.owner) return done(new DropOnlyError())
  request[DROP] = capability.drop
  done()
}
