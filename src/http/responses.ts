import type { FastifyReply } from 'fastify'
import type { Created as CreatedBox } from '../box/box-service.js'
import { endOfTurn } from '../end-of-turn.js'
import type { Appended, Page } from '../store/store.js'
import { JSON_TYPE, type Json, type JsonBytes, type JsonText } from './json.js'
import { PIECE, UNDER_WAY } from './pieces.js'
import type { Ack, ClassicMsgs, Created, Msgs } from './schemas.js'

/**
 * A handler in two steps: the operation on the box, and the response. The response is built only once it is
 * certain, and all responses are sent together at the end of the turn.
 *
 * It returns the body: returning the reply, which is thenable, would cost a check of its stream for each
 * response.
 */
export function responding<Asked, Reply extends FastifyReply, Result, Body extends Json<unknown>> (
  ask: (request: Asked, reply: Reply) => Promise<Result>,
  toBody: (result: Result, request: Asked, reply: Reply) => Body
): (request: Asked, reply: Reply) => Promise<Body> {
  return async (request, reply) => {
    const body = toBody(await ask(request, reply), request, reply)
    reply.type(JSON_TYPE)
    await endOfTurn()
    return body
  }
}

/* What the hot path sends is put together without a serializer: it needs no escaping, or is JSON already. */

export function created ({ boxId, drop, expires }: CreatedBox): JsonText<Created> {
  return `{"type":"created","data":"${boxId}","drop":"${drop}","expires":"${formatted(expires)}"}` as JsonText<Created>
}

const last = { time: NaN, text: '' }

/** Formatting a time costs more than the rest of the response, and boxes that are created together expire together. */
function formatted (time: number): string {
  if (time !== last.time) {
    last.text = new Date(time).toISOString()
    last.time = time
  }
  return last.text
}

export function ack ({ count, seq }: Appended): JsonText<Ack> {
  return `{"type":"ack","data":${count},"seq":${seq}}` as JsonText<Ack>
}

export function msgs (page: Page): Json<Msgs> {
  return pageWith(page, `],"next":${page.next}}`)
}

/** The original script has no cursors. */
export function classicMsgs (page: Page): Json<ClassicMsgs> {
  return pageWith(page, ']}')
}

const START = '{"type":"msgs","data":['

/**
 * A large page is put together as the bytes that are sent: a string of it would be garbage at once, and when many
 * readers wake together, garbage is made faster than it is collected.
 */
function pageWith<T> (page: Page, end: string): Json<T> {
  const { texts } = page
  const size = pageSize(page)
  if (size <= PIECE) return `${START}${texts.join(',')}${end}` as JsonText<T>
  // There is no comma after the last text.
  const bytes = Buffer.allocUnsafeSlow(START.length + size - 1 + end.length)
  let at = bytes.write(START)
  for (const [i, text] of texts.entries()) {
    if (i > 0) at += bytes.write(',', at)
    at += bytes.write(text, at)
  }
  bytes.write(end, at)
  return bytes as JsonBytes<T>
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
export function pageSpace (size: number): number {
  return size <= PIECE ? size : size + PIECE + UNDER_WAY
}

/** The largest size of a page: its messages, and a comma after each. */
export function pageLimit ({ maxBoxBytes, maxMessages }: { maxBoxBytes: number, maxMessages: number }): number {
  return maxBoxBytes + Math.min(maxMessages, maxBoxBytes)
}
