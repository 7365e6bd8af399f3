import type { FastifyReply } from 'fastify'
import type { Created } from '../box/box-service.js'
import { endOfTurn } from '../end-of-turn.js'
import type { Page } from '../store/store.js'
import { PIECE, UNDER_WAY } from './pieces.js'

export const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * A handler in two steps: the operation on the box, and the response. The response is built only once it is
 * certain, and all responses are sent together at the end of the turn.
 */
export function answering<Request, Reply, Result, Payload> (
  ask: (request: Request, reply: Reply) => Promise<Result>,
  answer: (result: Result, request: Request, reply: Reply) => Payload
): (request: Request, reply: Reply) => Promise<Payload> {
  return async (request, reply) => {
    const payload = answer(await ask(request, reply), request, reply)
    await endOfTurn()
    return payload
  }
}

/*
 * Responses that need no serializer. Handlers return the text: returning the reply, which is thenable, would
 * cost a check of its stream for each response.
 */

export function created (reply: FastifyReply, { boxId, drop, expires }: Created): string {
  reply.type(JSON_TYPE)
  return `{"type":"created","data":"${boxId}","drop":"${drop}","expires":"${new Date(expires).toISOString()}"}`
}

/** The texts are already JSON, so they are joined and never serialized again. */
export function page (reply: FastifyReply, { texts, next }: Page): string {
  reply.type(JSON_TYPE)
  return `{"type":"msgs","data":[${texts.join(',')}],"next":${next}}`
}

/** The size of a page in bytes; approximate for a small page. */
export function pageSize ({ texts }: Page): number {
  let size = texts.length
  for (const text of texts) size += text.length
  // A UTF-16 code unit takes at most three bytes.
  if (size * 3 <= PIECE) return size
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), texts.length)
}

/** The memory that a page of this size takes while it is sent: a page larger than a piece is sent in pieces. */
export function pageRoom (size: number): number {
  return size <= PIECE ? size : size + PIECE + UNDER_WAY
}

/** The largest size of a page: its messages, and a comma after each. */
export function pageLimit ({ maxBoxBytes, maxMessages }: { maxBoxBytes: number, maxMessages: number }): number {
  return maxBoxBytes + Math.min(maxMessages, maxBoxBytes)
}
