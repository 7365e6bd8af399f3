import type { FastifyReply } from 'fastify'
import type { Created as CreatedBox } from '../box/box-service.js'
import { endOfTurn } from '../end-of-turn.js'
import type { Appended, Page } from '../store/store.js'
import { JSON_TYPE, type JsonText } from './json.js'
import { PIECE, UNDER_WAY } from './pieces.js'
import type { Ack, ClassicMsgs, Created, Msgs } from './schemas.js'

/**
 * A handler in two steps: the operation on the box, and the response. The response is built only once it is
 * certain, and all responses are sent together at the end of the turn.
 *
 * It returns the text: returning the reply, which is thenable, would cost a check of its stream for each
 * response.
 */
export function responding<Asked, Reply extends FastifyReply, Result, Text extends JsonText<unknown>> (
  ask: (request: Asked, reply: Reply) => Promise<Result>,
  toText: (result: Result, request: Asked, reply: Reply) => Text
): (request: Asked, reply: Reply) => Promise<Text> {
  return async (request, reply) => {
    const text = toText(await ask(request, reply), request, reply)
    reply.type(JSON_TYPE)
    await endOfTurn()
    return text
  }
}

/* What the hot path sends is put together without a serializer: it needs no escaping, or is JSON already. */

export function created ({ boxId, drop, expires }: CreatedBox): JsonText<Created> {
  return `{"type":"created","data":"${boxId}","drop":"${drop}","expires":"${new Date(expires).toISOString()}"}` as JsonText<Created>
}

export function ack ({ count, seq }: Appended): JsonText<Ack> {
  return `{"type":"ack","data":${count},"seq":${seq}}` as JsonText<Ack>
}

export function msgs ({ texts, next }: Page): JsonText<Msgs> {
  return `{"type":"msgs","data":[${texts.join(',')}],"next":${next}}` as JsonText<Msgs>
}

/** The original script has no cursors. */
export function classicMsgs ({ texts }: Page): JsonText<ClassicMsgs> {
  return `{"type":"msgs","data":[${texts.join(',')}]}` as JsonText<ClassicMsgs>
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
