import type { ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { HeadersError, InvalidError, TimeoutError, type BoxError } from '../errors.js'
import { PROBLEM_TYPE, problemText } from '../http/problem.js'

/**
 * Responds to input that never becomes a request in Fastify: malformed, too slow, or with headers that are too
 * large.
 * @param headers of each response, besides its own
 */
export function handleClientErrors (headers: Record<string, string>): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isResponding(socket)) {
      socket.destroy()
      return
    }
    // Destroyed once the response is sent: a client that does not hang up would keep the socket open.
    socket.end(rawProblem(toBoxError(error), lines), () => { socket.destroy() })
  }
}

function toBoxError ({ code }: NodeJS.ErrnoException): BoxError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return new TimeoutError()
    case 'HPE_HEADER_OVERFLOW': return new HeadersError()
    default: return new InvalidError('it is not valid HTTP')
  }
}

/**
 * Whether a response is in progress on this connection; ours would end up inside it. Node's own handler
 * checks the same property.
 */
function isResponding (socket: Socket): boolean {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent ?? false
}

function rawProblem (error: BoxError, headers: readonly string[]): string {
  const { statusCode: status = 500 } = error
  const body = problemText(error)
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...headers,
    'Connection: close',
    '',
    body
  ].join('\r\n')
}
