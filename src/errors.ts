import createError, { type FastifyError } from '@fastify/error'

/**
 * All errors: code, status, title, and what to do next. Rules and stores throw them; only the HTTP layer
 * turns an error into a response.
 */
const table = {
  BOX_ERR_INVALID: [400, 'Invalid request', 'Correct the request: %s.'],
  BOX_ERR_DROP_ONLY: [403, 'Box id required', 'A drop address can only store messages. Use the box id for this operation.'],
  BOX_ERR_PREFETCH: [403, 'Prefetch refused', 'This request would change the box, so it must not be a prefetch. Send it without Sec-Purpose: prefetch.'],
  BOX_ERR_CROSS_SITE: [403, 'Cross-site request refused', 'Another website sent this request, and its pages may not call this server. Ask the operator to add its origin to the cors option.'],
  BOX_ERR_NOT_FOUND: [404, 'Box not found', 'The box does not exist, has expired or was deleted. Create a new one and share its drop address.'],
  BOX_ERR_NO_ROUTE: [404, 'Not found', 'There is nothing at this URL. The OpenAPI document lists every operation.'],
  BOX_ERR_METHOD: [405, 'Method not allowed', 'Use one of the methods in the Allow header.'],
  BOX_ERR_NOT_ACCEPTABLE: [406, 'Not acceptable', 'Send an Accept header of at most 1,024 characters that allows application/json or text/event-stream.'],
  BOX_ERR_TIMEOUT: [408, 'Request too slow', 'The request did not arrive in time. Send it again.'],
  BOX_ERR_FULL: [409, 'Box full', 'The box has reached its limit. Its owner must acknowledge or drain messages before you send again. A room refuses only a message that is larger than the whole room may be.'],
  BOX_ERR_CURSOR: [409, 'Cursor ahead of the box', 'The cursor is beyond the last message of this box. Use a cursor that this box returned, or 0.'],
  BOX_ERR_TOO_LARGE: [413, 'Too large', 'Send at most %s bytes; this server accepts no more.'],
  BOX_ERR_URI_TOO_LONG: [414, 'URL too long', "The URL exceeds the server's limit. Send the message in the body of a POST request."],
  BOX_ERR_MEDIA_TYPE: [415, 'Unsupported media type', 'Send %s encoded in UTF-8.'],
  BOX_ERR_EXPECTATION: [417, 'Expectation failed', 'Send the request without its Expect header.'],
  BOX_ERR_IDEMPOTENCY: [422, 'Idempotency key reused', 'This Idempotency-Key was already used with a different body. Use a new key for a new message.'],
  BOX_ERR_RATE: [429, 'Too many requests', 'Wait for the number of seconds in Retry-After, then try again.'],
  BOX_ERR_HELD: [429, 'Client limit reached', 'The client address that created this box has reached its limit. Acknowledge or drain messages, delete boxes (which also frees their idempotency keys), or wait for some to expire.'],
  BOX_ERR_HEADERS: [431, 'Headers too large', "The request line and headers exceed the server's limit. Send the message in the body of a POST request."],
  BOX_ERR_INTERNAL: [500, 'Internal error', 'The server could not handle the request. Try again; the cause is in the server log.'],
  BOX_ERR_BUSY: [503, 'Server busy', 'The server is overloaded. Try again after the number of seconds in Retry-After.'],
  BOX_ERR_CLOSING: [503, 'Server shutting down', 'The server is shutting down. Try again after the number of seconds in Retry-After.'],
  BOX_ERR_STORE: [503, 'Store unavailable', 'The store is not responding. Try again after the number of seconds in Retry-After.'],
  BOX_ERR_STORE_FULL: [507, 'Store full', 'The server has no space left. Try again later.']
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>

/** The `code` of a `BoxError` and of the problem document made from it. */
export type BoxErrorCode = keyof typeof table

/** Every error code with its HTTP status, its title, and its detail (in which `%s` is filled in), ordered by status. */
export const errorTable = Object.entries(table).map(([code, [status, title, detail]]) => ({
  code: code as BoxErrorCode, status, title, detail
}))

/** Whether the code is one of ours. */
export function isErrorCode (code: unknown): code is BoxErrorCode {
  return typeof code === 'string' && Object.hasOwn(table, code)
}

export function titleOf (code: BoxErrorCode): string {
  return table[code][1]
}

function codeOf (error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/**
 * Whether the error has this code. The code decides, not the class, so that third-party stores may throw
 * errors of their own classes.
 */
export function hasCode (error: unknown, code: BoxErrorCode): boolean {
  return codeOf(error) === code
}

/** Whether the store is unavailable or busy, and may respond again soon. */
export function isAway (error: unknown): boolean {
  return hasCode(error, 'BOX_ERR_STORE') || hasCode(error, 'BOX_ERR_BUSY')
}

/** Whether this is an error from the table, thrown on purpose by a rule or a store. */
export function isBoxError (error: unknown): boolean {
  return isErrorCode(codeOf(error))
}

/** The last segment of a problem's `type` URI: `BOX_ERR_STORE_FULL` → `store-full`. */
export function problemName (code: BoxErrorCode): string {
  return code.slice('BOX_ERR_'.length).toLowerCase().replaceAll('_', '-')
}

/**
 * The class of the errors with one code. Its arguments fill the `%s` of the detail, in order; a last argument
 * `{ cause }` sets the cause.
 */
export interface BoxErrorConstructor {
  new (...details: unknown[]): BoxError
  readonly prototype: BoxError
}

function define (code: BoxErrorCode): BoxErrorConstructor {
  const [status, , detail] = table[code]
  return createError<unknown[]>(code, detail, status)
}

const classes = Object.fromEntries(errorTable.map(({ code }) => [code, define(code)])) as Record<BoxErrorCode, BoxErrorConstructor>

/** The one class of a code, so that `instanceof` holds. */
function classOf (code: BoxErrorCode): BoxErrorConstructor {
  return classes[code]
}

/** Creates the error of a code. */
export function errorOf (code: BoxErrorCode, cause?: unknown): BoxError {
  return new (classOf(code))({ cause })
}

export const InvalidError = classOf('BOX_ERR_INVALID')
export const DropOnlyError = classOf('BOX_ERR_DROP_ONLY')
export const PrefetchError = classOf('BOX_ERR_PREFETCH')
export const CrossSiteError = classOf('BOX_ERR_CROSS_SITE')
/** The box does not exist, has expired or was deleted (404). */
export const NotFoundError = classOf('BOX_ERR_NOT_FOUND')
export const NoRouteError = classOf('BOX_ERR_NO_ROUTE')
export const MethodError = classOf('BOX_ERR_METHOD')
export const NotAcceptableError = classOf('BOX_ERR_NOT_ACCEPTABLE')
export const TimeoutError = classOf('BOX_ERR_TIMEOUT')
/** The box has reached `maxMessages` or `maxBoxBytes` (409). */
export const FullError = classOf('BOX_ERR_FULL')
/** The cursor is beyond the last message of the box (409). */
export const CursorError = classOf('BOX_ERR_CURSOR')
export const TooLargeError = classOf('BOX_ERR_TOO_LARGE')
export const UriTooLongError = classOf('BOX_ERR_URI_TOO_LONG')
export const MediaTypeError = classOf('BOX_ERR_MEDIA_TYPE')
export const ExpectationError = classOf('BOX_ERR_EXPECTATION')
/** The idempotency key was already used with a different body (422). */
export const IdempotencyError = classOf('BOX_ERR_IDEMPOTENCY')
export const RateError = classOf('BOX_ERR_RATE')
/** The holder of the box has reached its limit (429). */
export const HeldError = classOf('BOX_ERR_HELD')
export const HeadersError = classOf('BOX_ERR_HEADERS')
export const InternalError = classOf('BOX_ERR_INTERNAL')
/** The server, or its store, has too much to do (503). */
export const BusyError = classOf('BOX_ERR_BUSY')
export const ClosingError = classOf('BOX_ERR_CLOSING')
/** The store is not responding (503). */
export const StoreError = classOf('BOX_ERR_STORE')
/** The store has no space left (507). */
export const StoreFullError = classOf('BOX_ERR_STORE_FULL')

/**
 * A Fastify error: its `code` is a `BoxErrorCode`, its `statusCode` the HTTP status, and its message says what
 * to do next.
 */
export type BoxError = FastifyError
