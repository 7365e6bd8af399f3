import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  InternalError, InvalidError, MediaTypeError, TooLargeError, UriTooLongError,
  errorOf, isErrorCode, problemName, titleOf, type BoxError
} from '../errors.js'
import { baseOf } from './base.js'
import { serialize, type JsonText } from './json.js'
import { isOutage } from './outages.js'
import type { Problem } from './schemas.js'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** The default Retry-After, in seconds. */
const RETRY_AFTER = 1
/** The Retry-After, in seconds, after which some of a client address's boxes or messages may be gone. */
const RETRY_HELD = 60

/** Turns anything thrown into a problem response (RFC 9457), which never contains a URL or a capability. */
export function sendProblem (thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = translate(thrown, request)
  const { code, statusCode: status = 500 } = error
  // An outage is logged when it begins and ends, not for every request, and so is the shutdown.
  if (status >= 500 && !isOutage(error) && code !== 'BOX_ERR_CLOSING') request.log.error({ err: thrown }, titleFor(error))
  if (status === 503 || status === 429) {
    if (!reply.hasHeader('retry-after')) reply.header('retry-after', code === 'BOX_ERR_HELD' ? RETRY_HELD : RETRY_AFTER)
  }
  return reply.code(status).type(PROBLEM_TYPE).send(problemText(error, baseOf(request)))
}

/** @param base the path of the plugin, and of its problem pages */
export function problemText (error: BoxError, base = ''): JsonText<Problem> {
  const { code, statusCode: status = 500, message: detail } = error
  const type = isErrorCode(code) ? `${base}/problems/${problemName(code)}` : 'about:blank'
  return serialize<Problem>({ type, title: titleFor(error), status, detail, code })
}

function titleFor ({ code, statusCode = 500 }: BoxError): string {
  return isErrorCode(code) ? titleOf(code) : STATUS_CODES[statusCode] ?? 'Error'
}

/** Fastify's own errors get our codes; an unexpected error becomes a 500 that reveals nothing. */
export function translate (error: FastifyError, request: FastifyRequest): BoxError {
  if (error instanceof HostError) return error
  // A third-party store's error may have only a code. Its message is not for the caller, unless it is a refusal.
  if (isErrorCode(error.code)) return isClientError(error.statusCode) ? error : errorOf(error.code, error)
  switch (error.code) {
    case 'FST_ERR_VALIDATION':
      return new InvalidError(error.message)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new InvalidError('the body does not match its Content-Length')
    case 'FST_ERR_BAD_URL':
      return new InvalidError('the URL has invalid percent-encoding')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new TooLargeError(request.routeOptions.bodyLimit)
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new UriTooLongError()
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new MediaTypeError(mediaTypesOf(request).join(' or '))
  }
  return fromHost(error)
}

/** What the host's guard or a hook has thrown, whatever it is. */
export function fromHost (thrown: unknown): BoxError {
  if (thrown instanceof HostError) return thrown
  const { statusCode } = Object(thrown)
  return isClientError(statusCode) || (Number.isInteger(statusCode) && statusCode > 500 && statusCode < 600) ? new HostError(thrown, statusCode) : new InternalError({ cause: thrown })
}

function isClientError (status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) < 500
}

/** The media types that a route accepts, of those that the plugin parses. */
function mediaTypesOf ({ server }: FastifyRequest): string[] {
  return ['application/json', 'text/plain'].filter(type => server.hasContentTypeParser(type))
}

/** An error of the host, from its guard or a hook: below 500, its code and message are meant for the caller. */
export class HostError extends Error implements BoxError {
  readonly code: string
  readonly statusCode: number

  constructor (cause: unknown, statusCode: number) {
    const { code, message = '' } = (cause ?? {}) as Partial<FastifyError>
    if (statusCode >= 500) super('The server cannot respond at the moment. Try again later.', { cause })
    else super(message === '' ? 'This server does not allow the request.' : message, { cause })
    this.statusCode = statusCode
    if (statusCode >= 500) this.code = 'HOST_FAILED'
    else this.code = typeof code === 'string' ? code : 'HOST_REFUSED'
  }
}
