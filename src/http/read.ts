import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import type { BoxService } from '../box/box-service.js'
import { NotAcceptableError } from '../errors.js'
import type { ResolvedOptions } from '../options.js'
import type { Page } from '../store/store.js'
import { endOfTurn } from '../end-of-turn.js'
import { page, pageSize } from './answers.js'
import { BATCH, streamMessages } from './event-stream.js'
import type { Outgoing } from './outgoing.js'
import type { Limiter } from './rate-limit.js'
import { DROP } from './resource.js'
import type { ReadHeaders, ReadQuery } from './schemas.js'

const STREAM_TYPE = 'text/event-stream'

/** `readMessages` in its three ways: a look, a held look, and a stream. */
export function readHandler (service: BoxService, options: ResolvedOptions, limiter: Limiter, outgoing: Outgoing) {
  return async function readMessages (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | string> {
    const { after = 0, limit = 100, wait = 0 } = request.query as ReadQuery
    reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', '))
    // A HEAD asks about the answer and waits for nothing.
    const isHead = request.method === 'HEAD'
    if (preferredType(request) === STREAM_TYPE) {
      const lastEventId = (request.headers as ReadHeaders)['last-event-id']
      const cursor = lastEventId === undefined || lastEventId === '' ? after : Number(lastEventId)
      if (!isHead) return await stream(request, reply, cursor)
      await service.read(request[DROP], cursor, 1)
      return reply.type(STREAM_TYPE).send('')
    }
    const seconds = isHead ? 0 : Math.min(wait, options.maxWait)
    const found = seconds === 0
      ? await service.read(request[DROP], after, limit)
      : await heldRead(request, reply, after, limit, seconds)
    // Before the turn ends, so that what is refused is not kept until then.
    outgoing.admit(request, reply, pageSize(found))
    await endOfTurn()
    return page(reply, found)
  }

  async function heldRead (request: FastifyRequest, reply: FastifyReply, after: number, limit: number, seconds: number): Promise<Page> {
    const { left, leave } = enter(request, reply)
    try {
      return await service.heldRead(request[DROP], after, limit, seconds, left)
    } finally {
      leave()
    }
  }

  async function stream (request: FastifyRequest, reply: FastifyReply, after: number): Promise<FastifyReply> {
    const { answer, left, leave } = enter(request, reply)
    try {
      // Registered before the first look; and what can be refused is refused while there is no answer yet.
      const waiter = await service.waiters.open(request[DROP], left)
      try {
        const first = await service.read(request[DROP], after, BATCH)
        // An `EventSource` would take a refusal for final; cut, it comes back.
        outgoing.count(request, reply, pageSize(first))
        reply.headers({ 'content-type': STREAM_TYPE, 'x-accel-buffering': 'no' })
        reply.hijack()
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
        await streamMessages(answer, { waiter, first, heartbeat: options.heartbeat * 1000 })
      } finally {
        waiter.close()
      }
    } catch (error) {
      if (!reply.raw.headersSent) throw error
      request.log.warn({ err: error }, 'A stream ended early')
      answer.end()
    } finally {
      leave()
    }
    return reply
  }

  /** Takes a place for an answer that is held open. It is free again when its reader has gone, or `leave` is called. */
  function enter (request: FastifyRequest, reply: FastifyReply) {
    const leave = limiter.enter(request)
    const answer = outgoing.open(request, reply)
    const { left } = answer
    if (left.aborted) leave()
    else left.addEventListener('abort', leave)
    return { answer, left, leave }
  }
}

/** @throws NotAcceptableError where the reader takes neither */
function preferredType (request: FastifyRequest): string {
  const { accept } = request.headers
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'application/json'
  const type = new Negotiator(request.raw).mediaType(['application/json', STREAM_TYPE])
  if (type === undefined) throw new NotAcceptableError()
  return type
}
