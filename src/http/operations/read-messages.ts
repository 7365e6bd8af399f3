import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import Negotiator from 'negotiator'
import { NotAcceptableError } from '../../errors.js'
import { IN_WORDS } from '../../expectation.js'
import type { Page } from '../../store/store.js'
import { msgs, pageSize, responding } from '../responses.js'
import type { Api, RequestWith, Scope } from '../api.js'
import { json } from '../contract.js'
import { BATCH, streamMessages } from '../event-stream.js'
import { guarded } from '../guard.js'
import { beginStream, holdOpen, STREAM_TYPE } from '../held-response.js'
import { isOutage } from '../outages.js'
import { countedAs } from '../rate-limit.js'
import { DROP, ownBox } from '../resource.js'
import { cursor, Msgs, OwnerParams } from '../schemas.js'
import { readDecimals } from '../validation.js'

const Query = Type.Object({
  after: Type.Optional(cursor('The cursor: only messages with a higher sequence number are returned.', { default: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'The maximum number of messages to return.' })),
  wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 0, description: 'How long to wait for a message if there is none, in seconds. The server may respond earlier.' }))
}, { additionalProperties: false })

const Headers = Type.Object({
  'last-event-id': Type.Optional(Type.String({ pattern: '^([0-9]{1,15})?$', [IN_WORDS]: 'a sequence number', description: 'Resumes a stream after this sequence number. Takes precedence over `after`.' }))
})

type Read = RequestWith<{ query: typeof Query, headers: typeof Headers }>

/** Reads in three ways: at once, by long-poll, and as a stream. */
export function readMessages (scope: Scope, api: Api): void {
  const { service, options, limiter, outgoing, contract } = api
  const { handlerTimeout = 0 } = scope.initialConfig as FastifyServerOptions
  scope.get('/:box/messages', {
    // The host's time is for the work, not for the wait.
    ...(handlerTimeout > 0 && { handlerTimeout: handlerTimeout + options.maxWait * 1000 }),
    schema: contract.operation({
      operationId: 'readMessages',
      tags: ['box'],
      summary: 'Read messages',
      description: 'Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open until there is a message. ' +
        'With `Accept: text/event-stream`, the messages arrive as a stream of server-sent events whose `id` is the sequence number; ' +
        '`event: gone` means that the box no longer exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl -N`.',
      params: OwnerParams,
      querystring: Query,
      headers: Headers,
      response: {
        200: contract.response('The messages, oldest first.', {
          content: {
            ...json(Msgs, { type: 'msgs', data: [{ type: 'offer', sdp: 'v=0…' }], next: 1 }).content,
            'text/event-stream': {
              schema: Type.String({ description: 'Server-sent events, one per message.' }),
              example: 'id: 1\ndata: {"type":"offer","sdp":"v=0…"}\n\n'
            }
          }
        }),
        ...contract.problems(400, 403, 404, 406, 409, 503)
      }
    }),
    exposeHeadRoute: true,
    onRequest: [...countedAs(limiter, 'reads'), ownBox],
    preValidation: readDecimals,
    preHandler: guarded(options.guard, 'readMessages')
  }, (request, reply) => {
    reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', '))
    return preferredType(request) === STREAM_TYPE ? stream(request, reply) : look(request, reply)
  })

  const look = responding(
    (request: Read, reply: FastifyReply) => {
      const { after = 0, limit = 100, wait = 0 } = request.query
      const seconds = Math.min(isHead(request) ? 0 : wait, options.maxWait)
      return seconds === 0 ? service.read(request[DROP], after, limit) : longPoll(request, reply, after, limit, seconds)
    },
    (found, request, reply) => {
      outgoing.admit(request, reply, pageSize(found))
      return msgs(found)
    }
  )

  async function longPoll (request: Read, reply: FastifyReply, after: number, limit: number, seconds: number): Promise<Page> {
    const { ended, leave } = holdOpen(request, reply, api)
    try {
      return await service.longPoll(request[DROP], after, limit, seconds, ended)
    } finally {
      leave()
    }
  }

  async function stream (request: Read, reply: FastifyReply): Promise<FastifyReply> {
    const { query: { after = 0 }, headers: { 'last-event-id': lastEventId = '' } } = request
    const from = lastEventId === '' ? after : Number(lastEventId)
    if (isHead(request)) {
      await service.read(request[DROP], from, 1)
      return reply.type(STREAM_TYPE).send('')
    }
    const { response, ended, leave } = holdOpen(request, reply, api)
    try {
      // Registered before the first read. Anything that can be refused is refused before the response begins.
      const waiter = await service.waiters.open(request[DROP], ended)
      try {
        const first = await service.read(request[DROP], from, BATCH)
        // An `EventSource` would treat a refusal as final; it reconnects after being cut off.
        outgoing.count(request, reply, pageSize(first))
        beginStream(reply)
        await streamMessages(response, { waiter, first, heartbeat: options.heartbeat * 1000 })
      } finally {
        waiter.close()
      }
    } catch (error) {
      if (!reply.raw.headersSent) throw error
      if (!isOutage(error)) request.log.warn({ err: error }, 'A stream ended early')
      response.end()
    } finally {
      leave()
    }
    return reply
  }
}

/** A HEAD request never waits. */
function isHead ({ method }: FastifyRequest): boolean {
  return method === 'HEAD'
}

/** The characters of the longest Accept header that is parsed. Browsers send up to 200. */
const MAX_ACCEPT = 1024

/** @throws NotAcceptableError if the client accepts neither */
function preferredType ({ headers: { accept }, raw }: FastifyRequest): string {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'application/json'
  if (accept.length > MAX_ACCEPT) throw new NotAcceptableError()
  const type = new Negotiator(raw).mediaType(['application/json', STREAM_TYPE])
  if (type === undefined) throw new NotAcceptableError()
  return type
}
