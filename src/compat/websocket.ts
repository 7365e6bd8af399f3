import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'
import { InvalidError } from '../errors.js'
import { PROBLEM_TYPE, problemText } from '../http/problem.js'
import { loadOptional } from '../optional.js'

/** How long the other side has to close its side of a socket, in ms. */
const CLOSE_TIMEOUT = 1_000

/** The WebSocket endpoints of each server, by their paths. */
const endpoints = new WeakMap<FastifyInstance['server'], Map<string, EventEmitter>>()

/**
 * Lets the routes of a scope take WebSockets, with `@fastify/websocket`. If the host has registered that plugin
 * itself, the host's options apply.
 * @param paths the whole paths, without parameters
 * @param maxPayload the maximum size of a message, in bytes
 */
export async function acceptWebSockets (scope: FastifyInstance, paths: string[], maxPayload: number): Promise<void> {
  if (scope.hasDecorator('websocketServer')) return
  const { default: websocket } = await loadOptional('A WebSocket endpoint', () => import('@fastify/websocket'))
  // The plugin would take every upgrade of the server, and never end those to other paths.
  const upgrades = new EventEmitter()
  for (const path of paths) endpointsOf(scope).set(path, upgrades)
  await scope.register(websocket, {
    options: { maxPayload, server: upgrades as Server, clientTracking: false },
    // What cannot be read ends the socket, and is no error of this program.
    errorHandler: (_error, socket) => { endSocket(socket) },
    // The endpoint ends its sockets.
    preClose: (done: () => void) => { done() }
  })
}

function endpointsOf ({ server }: FastifyInstance): Map<string, EventEmitter> {
  const known = endpoints.get(server)
  if (known !== undefined) return known
  const added = new Map<string, EventEmitter>()
  endpoints.set(server, added)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = ''] = request.url?.split('?', 1) ?? []
    const endpoint = added.get(path)
    if (endpoint !== undefined && endpoint.listenerCount('upgrade') > 0) endpoint.emit('upgrade', request, socket, head)
    // Another listener of the host's may know it.
    else if (server.listenerCount('upgrade') === 1) refuse(socket)
  })
  return added
}

/** Node has already given up on this as a request, so its body could not be read any more. */
function refuse (socket: Duplex): void {
  const body = String(problemText(new InvalidError('send it without its Upgrade header')))
  socket.on('error', () => { socket.destroy() })
  socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** Closes a socket, if need be without the other side. */
export function endSocket (socket: WebSocket, code?: number, reason?: string): void {
  if (socket.readyState === socket.CLOSED) return
  const timer = setTimeout(() => { socket.terminate() }, CLOSE_TIMEOUT)
  socket.once('close', () => { clearTimeout(timer) })
  socket.close(code, reason)
}
