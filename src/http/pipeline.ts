import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cut } from './carrier.js'

/** How many requests may wait on a connection. Clients send few before they get a response; browsers send none. */
const MAX_WAITING = 100

/** What they may take in memory, in bytes. */
const MAX_WAITING_BYTES = 64 * 1024

/** What a header takes besides its own bytes, as measured: a name and a value, each in the list and in the object of headers. */
const HEADER_OVERHEAD = 48

interface Waiting { requests: number, bytes: number }

const waitingOn = new WeakMap<Socket, Waiting>()

/**
 * Calls `handle` when no other response is ahead on the connection; never if the client disconnects before. So a
 * connection takes the memory of one request at a time, however many are pipelined, and what is read or drained
 * is only what can be sent. A connection on which more requests wait than any real client would send is cut.
 */
export function inTurn (request: FastifyRequest, reply: FastifyReply, handle: () => void): void {
  const { raw } = reply
  // A response gets its socket when its turn comes. Over HTTP/2, none waits for another.
  if (request.raw.httpVersionMajor !== 1 || raw.socket !== null) return handle()
  const { socket } = request.raw
  let waiting = waitingOn.get(socket)
  if (waiting === undefined) waitingOn.set(socket, waiting = { requests: 0, bytes: 0 })
  const bytes = memoryOf(request.raw.rawHeaders)
  waiting.requests++
  waiting.bytes += bytes
  if (waiting.requests > MAX_WAITING || waiting.bytes > MAX_WAITING_BYTES) {
    reply.hijack()
    return cut(socket)
  }
  const paused = hasBody(request.raw)
  // Its body is not read before its turn, so Node would stop reading without a word.
  if (paused) socket.pause()
  raw.once('socket', () => {
    waiting.requests--
    waiting.bytes -= bytes
    if (paused) socket.resume()
    handle()
  })
}

function hasBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** @param headers names and values in turn */
function memoryOf (headers: readonly string[]): number {
  return headers.reduce((bytes, text) => bytes + text.length, headers.length / 2 * HEADER_OVERHEAD)
}
