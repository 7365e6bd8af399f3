import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Requests that may wait behind another on their connection. Clients send few before they get a response; browsers send none. */
const LONGEST = 100

type Raw = FastifyReply['raw']

const queues = new WeakMap<Socket, Set<Raw>>()

/**
 * Whether more requests wait on a connection than any real client would send. A waiting request takes a hundred
 * times as much memory as the bytes that were sent for it.
 */
export function pipelineIsTooLong (request: FastifyRequest, reply: FastifyReply): boolean {
  const { raw } = reply
  // A response gets its socket when its turn comes. Over HTTP/2, none waits for another.
  if (request.raw.httpVersionMajor !== 1 || raw.socket !== null) return false
  const { socket } = request.raw
  let queue = queues.get(socket)
  if (queue === undefined) queues.set(socket, queue = new Set())
  if (queue.has(raw)) return false
  if (queue.size >= LONGEST) return true
  queue.add(raw)
  raw.once('socket', () => { queue.delete(raw) })
  return false
}
