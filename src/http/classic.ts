import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseCapability, type Capability } from '../box/capability.js'
import { messageFromString } from '../box/message.js'
import { DropOnlyError, NotFoundError, PrefetchError, TooLargeError } from '../errors.js'
import { JSON_TYPE } from './answers.js'
import type { Kind } from './rate-limit.js'
import { refuseTheRest } from './refusals.js'
import { guard, describeCreated, type Api } from './routes.js'
import type { ClassicQuery } from './schemas.js'

/**
 * The original PHP script's API: three actions by GET and query. It changes things by GET
 * because that API is given, so it has no HEAD and refuses prefetches.
 */
export async function classicRoutes (scope: FastifyInstance, { service, options, limiter, operations }: Api): Promise<void> {
  const mayCreate = guard(options)

  /** A missing parameter and an empty one are the same. */
  const parameters = (request: FastifyRequest) => {
    const { box = '', msg = '' } = request.query as ClassicQuery
    return { box, msg }
  }

  const kindOf = (request: FastifyRequest): Kind => {
    const { box, msg } = parameters(request)
    if (box === '') return 'creates'
    return msg === '' ? 'reads' : 'stores'
  }

  async function classicBox (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { box, msg } = parameters(request)
    if (box === '') return describeCreated(await service.create())
    const { drop, owner } = capability(box)
    if (msg !== '') {
      const message = messageFromString(msg)
      if (Buffer.byteLength(msg) > options.maxMessageBytes) throw new TooLargeError()
      const { count } = await service.append(drop, message)
      return { type: 'ack', data: count }
    }
    if (!owner) throw new DropOnlyError()
    const { texts } = await service.drain(drop)
    return reply.type(JSON_TYPE).send(`{"type":"msgs","data":[${texts.join(',')}]}`)
  }

  for (const url of ignoresTrailingSlash(scope) ? [''] : ['', '/']) {
    scope.get(url, {
      schema: url === '' ? operations.classicBox : { querystring: operations.classicBox.querystring, hide: true },
      exposeHeadRoute: false,
      prefixTrailingSlash: 'slash',
      onRequest: async (request, reply) => {
        await limiter.count(kindOf(request), request, reply)
        if (isPrefetch(request)) throw new PrefetchError()
      },
      // A hook, since the host may answer for itself and then nothing is created.
      preHandler: async (request, reply) => { if (kindOf(request) === 'creates') await mayCreate(request, reply) }
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

function capability (box: string): Capability {
  const found = parseCapability(box)
  if (found === undefined) throw new NotFoundError()
  return found
}
