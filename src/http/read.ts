import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import type { BoxService } from '../box/box-service.js'
import { NotAcceptableError } from '../errors.js'
import type { ResolvedOptions } from '../options.js'
import type { Page } from '../store/store.js'
import { endOfTurn } from '../turn.js'
import { page } from './answers.js'
import { BATCH, streamMessages } from './event-stream.js'
import type { Limiter } from './rate-limit.js'
import { DROP } from './resource.js'
import type { ReadHeaders, ReadQuery } from './schemas.js'

const STREAM_TYPE = 'text/event-stream'

/** `readMessages` in its three ways: a look, a held look, and a stream. */
export function readHandler (service: BoxService, options: ResolvedOptions, limiter: Limiter) {
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
    await endOfTurn()
    return page(reply, found)
  }

  async function heldRead (request: FastifyRequest, reply: FastifyReply, after: number, limit: number, seconds: number): Promise<Page> {
    const leave = limiter.enter(request)
    try {
      return await service.heldRead(request[DROP], after, limit, seconds, whenLeft(reply, leave))
    } finally {
      leave()
    }
  }

  async function stream (request: FastifyRequest, reply: FastifyReply, after: number): Promise<FastifyReply> {
    const leave = limiter.enter(request)
    try {
      // Registered before the first look; and what can be refused is refused while there is no answer yet.
      const waiter = await service.waiters.open(request[DROP], whenLeft(reply, leave))
      try {
        const first = await service.read(request[DROP], after, BATCH)
        reply.headers({ 'content-type': STREAM_TYPE, 'x-accel-buffering': 'no' })
        reply.hijack()
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
        await streamMessages(reply.raw, { waiter, first, heartbeat: options.heartbeat * 1000 })
      } finally {
        waiter.close()
      }
    } catch (error) {
      if (!reply.raw.headersSent) throw error
      request.log.warn({ err: error }, 'A stream ended early')
      reply.raw.end()
    } finally {
      leave()
    }
    return reply
  }
}

/** Fires, and gives the reader's place back, when the reader goes: at once where it went already. */
function whenLeft ({ raw }: FastifyReply, leave: () => void): AbortSignal {
  const left = new AbortController()
  const onClose = (): void => {
    leave()
    left.abort()
  }
  if (raw.destroyed) onClose()
  else raw.once('close', onClose)
  return left.signal
}

/** @throws NotAcceptableError where the reader takes neither */
function preferredType (request: FastifyRequest): string {
  const { accept } = request.headers
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'application/json'
  const type = new Negotiator(request.raw).mediaType(['application/json', STREAM_TYPE])
  if (type === undefined) throw new NotAcceptableError()
  return type
}
