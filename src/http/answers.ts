import type { FastifyReply } from 'fastify'
import type { Appended, Page } from '../store/store.js'

export const JSON_TYPE = 'application/json; charset=utf-8'

/*
 * Answers that need no serializer. A handler returns the text: returning the reply, which is
 * thenable, would cost a look at its stream for each answer.
 */

/** The texts are JSON already, so they are joined and never printed again. */
export function page (reply: FastifyReply, { texts, next }: Page): string {
  reply.type(JSON_TYPE)
  return `{"type":"msgs","data":[${texts.join(',')}],"next":${next}}`
}

export function ack (reply: FastifyReply, { count, seq }: Appended): string {
  reply.type(JSON_TYPE)
  return `{"type":"ack","data":${count},"seq":${seq}}`
}
