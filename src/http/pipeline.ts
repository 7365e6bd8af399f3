import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cut } from './carrier.js'

/** How many requests may wait on a connection. Clients send few before they get a response; browsers send none. */
const MAX_WAITING = 16

/** What their URLs, headers and bodies may take in memory, in bytes. */
const MAX_WAITING_BYTES = 64 * 1024

/** What a header takes besides its own bytes, as measured: a name and a value, each in the list and in the object of headers. */
const HEADER_OVERHEAD = 48
/** A query is parsed before anything can refuse the request; a short parameter takes many times its own bytes. */
const URL_FACTOR = 16
/** So a body that may wait is below what Node reads before it stops reading the connection. */
const BODY_FACTOR = 4

interface Waiting { requests: number, bytes: number }

const waitingOn = new WeakMap<Socket, Waiting>()

/**
 * Calls `handle` once no other response is ahead on the connection, or never if the client disconnects first. So a
 * connection takes little more memory than one request does, however many are pipelined, and what is read or
 * drained is only what can be sent. A connection on which more waits than any real client would send is cut.
 */
export function inTurn (request: FastifyRequest, reply: FastifyReply, handle: () => void): void {
  const { raw } = reply
  if (!isWaiting(raw)) return handle()
  const { socket } = request.raw
  let waiting = waitingOn.get(socket)
  if (waiting === undefined) waitingOn.set(socket, waiting = { requests: 0, bytes: 0 })
  const bytes = memoryOf(request.raw) + BODY_FACTOR * bodyOf(request.raw)
  waiting.requests++
  waiting.bytes += bytes
  if (waiting.requests > MAX_WAITING || waiting.bytes > MAX_WAITING_BYTES) {
    reply.hijack()
    return cut(socket)
  }
  // Otherwise, it would run in the async context of the response ahead of it.
  raw.once('socket', AsyncResource.bind(() => {
    waiting.requests--
    waiting.bytes -= bytes
    handle()
  }))
}

/** Whether another response is ahead of this one on its connection. Over HTTP/2, none is. */
export function isWaiting (raw: FastifyReply['raw']): boolean {
  // A response gets its socket when its turn comes.
  return !('stream' in raw) && raw.socket === null
}

/** What a request takes in memory without its body, at most and in bytes. */
export function memoryOf ({ url = '', rawHeaders }: Pick<IncomingMessage, 'url' | 'rawHeaders'>): number {
  const ofHeaders = rawHeaders.reduce((bytes, text) => bytes + text.length, rawHeaders.length / 2 * HEADER_OVERHEAD)
  return URL_FACTOR * url.length + ofHeaders
}

function bodyOf ({ headers }: IncomingMessage): number {
  return 'transfer-encoding' in headers ? Infinity : Number(headers['content-length'] ?? 0)
}
