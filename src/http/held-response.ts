import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Outgoing } from './outgoing.js'
import type { PendingResponse } from './pending-response.js'
import type { Limiter } from './rate-limit.js'

export interface HeldResponse {
  response: PendingResponse
  /** aborts when the response must end: nobody is there, or nobody would notice */
  ended: AbortSignal
  /** gives the place back */
  leave: () => void
}

/**
 * Takes one of the address's places for a response that is held open. The place is free again when the client has
 * disconnected or `leave` is called.
 * @throws RateError if the address has no place left
 */
export function holdOpen (request: FastifyRequest, reply: FastifyReply, { limiter, outgoing }: { limiter: Limiter, outgoing: Outgoing }): HeldResponse {
  const free = limiter.enter(request)
  const response = outgoing.open(request, reply)
  const ending = new AbortController()
  const stopWatching = response.whenPaused(() => { ending.abort() })
  const leave = (): void => {
    stopWatching()
    free()
  }
  const gone = (): void => {
    ending.abort()
    free()
  }
  if (response.left.aborted) gone()
  else response.left.addEventListener('abort', gone)
  return { response, ended: ending.signal, leave }
}

export const STREAM_TYPE = 'text/event-stream'

/** Begins a response that the handler itself writes: nothing can be refused from now on. */
export function beginStream (reply: FastifyReply): void {
  reply.headers({ 'content-type': STREAM_TYPE, 'x-accel-buffering': 'no' })
  reply.hijack()
  reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
}
