import type { FastifyReply } from 'fastify'
import type { Created } from '../box/box-service.js'
import { endOfTurn } from '../end-of-turn.js'
import type { Page } from '../store/store.js'
import { PIECE } from './answer.js'

export const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * A handler in two steps: what is asked of the boxes, and what is answered. Answers are made at once,
 * so that nothing is kept that is refused after all, and sent together at the end of the turn.
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
 * Answers that need no serializer. A handler returns the text: returning the reply, which is
 * thenable, would cost a look at its stream for each answer.
 */

export function created (reply: FastifyReply, { boxId, drop, expires }: Created): string {
  reply.type(JSON_TYPE)
  return `{"type":"created","data":"${boxId}","drop":"${drop}","expires":"${new Date(expires).toISOString()}"}`
}

/** The texts are JSON already, so they are joined and never printed again. */
export function page (reply: FastifyReply, { texts, next }: Page): string {
  reply.type(JSON_TYPE)
  return `{"type":"msgs","data":[${texts.join(',')}],"next":${next}}`
}

/** The size of a page's messages, in bytes; for a small one, roughly. */
export function pageSize ({ texts }: Page): number {
  let size = 0
  for (const text of texts) size += text.length
  // A character has three bytes at most.
  if (size * 3 <= PIECE) return size
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0)
}

/** What a page takes at most. */
export function pageLimit ({ maxBoxBytes }: { maxBoxBytes: number }): number {
  return maxBoxBytes + 2 * PIECE
}
