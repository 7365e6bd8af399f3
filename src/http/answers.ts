import type { FastifyReply } from 'fastify'
import type { Appended, Page } from '../store/store.js'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** The texts are JSON already, so they are joined and never printed again. */
export function sendPage (reply: FastifyReply, { texts, next }: Page): FastifyReply {
  return reply.type(JSON_TYPE).send(`{"type":"msgs","data":[${texts.join(',')}],"next":${next}}`)
}

/** Two numbers need no serializer. */
export function sendAck (reply: FastifyReply, { count, seq }: Appended): FastifyReply {
  return reply.type(JSON_TYPE).send(`{"type":"ack","data":${count},"seq":${seq}}`)
}
