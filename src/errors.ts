import createError, { type FastifyError } from '@fastify/error'

/**
 * The one table of what can go wrong: code, status, title, and what to do next.
 * Rules and stores throw from it; only the HTTP layer turns an error into an answer.
 */
const table = {
  BOX_ERR_INVALID: [400, 'Invalid request', 'Correct the request: %s.'],
  BOX_ERR_DROP_ONLY: [403, 'Drop address given', 'A drop address can only store messages. Use the box id for this.'],
  BOX_ERR_PREFETCH: [403, 'Prefetch refused', 'This address changes the box, so it is not prefetched. Request it without Sec-Purpose: prefetch.'],
  BOX_ERR_NOT_FOUND: [404, 'No such box', 'The box does not exist, has expired or was deleted. Create a new one and pass its address on.'],
  BOX_ERR_NO_ROUTE: [404, 'No such address', 'Nothing is served here. The contract lists what is.'],
  BOX_ERR_METHOD: [405, 'Method not allowed', 'Use one of the methods in the Allow header.'],
  BOX_ERR_NOT_ACCEPTABLE: [406, 'Not acceptable', 'Accept application/json or text/event-stream.'],
  BOX_ERR_TIMEOUT: [408, 'Request too slow', 'The request did not arrive in time. Send it again.'],
  BOX_ERR_FULL: [409, 'Box full', 'The box holds its maximum. Let its owner acknowledge or drain messages, then send again.'],
  BOX_ERR_CURSOR: [409, 'Cursor ahead of the box', 'The cursor is beyond the last message of this box. Use a cursor that this box has given, or 0.'],
  BOX_ERR_TOO_LARGE: [413, 'Too large', 'The message is larger than this server takes. Send a smaller one.'],
  BOX_ERR_URI_TOO_LONG: [414, 'Address too long', 'The address is longer than this server takes. Send a message in the body of a POST.'],
  BOX_ERR_MEDIA_TYPE: [415, 'Unsupported media type', 'Send %s, in UTF-8.'],
  BOX_ERR_EXPECTATION: [417, 'Expectation failed', 'Send the request without its Expect header.'],
  BOX_ERR_IDEMPOTENCY: [422, 'Idempotency key used again', 'This Idempotency-Key came before with another body. Use a new key for a new message.'],
  BOX_ERR_RATE: [429, 'Too many requests', 'Wait for the seconds in Retry-After, then try again.'],
  BOX_ERR_HELD: [429, 'Too much held', 'The client address that created the box holds its maximum. Acknowledge or drain messages, delete boxes, or wait until some expire.'],
  BOX_ERR_HEADERS: [431, 'Headers too large', 'The request line and headers are larger than this server takes. Send a message in the body of a POST.'],
  BOX_ERR_INTERNAL: [500, 'Internal error', 'The server failed to answer. Try again; the server log has the cause.'],
  BOX_ERR_BUSY: [503, 'Server busy', 'The server has more to do than it can at the moment. Try again after the seconds in Retry-After.'],
  BOX_ERR_CLOSING: [503, 'Server closing', 'The server is shutting down. Try again after the seconds in Retry-After.'],
  BOX_ERR_STORE: [503, 'Store not available', 'The store does not answer at the moment. Try again after the seconds in Retry-After.'],
  BOX_ERR_STORE_FULL: [507, 'Store full', 'The server has no room for more. Try again later.']
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>

export type BoxErrorCode = keyof typeof table

/** Every code with its status and title, in the order of the statuses. */
export const errorTable = Object.entries(table).map(([code, [status, title, detail]]) => ({
  code: code as BoxErrorCode, status, title, detail
}))

const titles = new Map<string, string>(errorTable.map(({ code, title }) => [code, title]))

/** The title of a code, or undefined where the code is not one of ours. */
export function titleOf (code: string): string | undefined {
  return titles.get(code)
}

/** Whether this is the error of that code. The code decides and not the class, so that anybody's store may throw errors of its own. */
export function hasCode (error: unknown, code: BoxErrorCode): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === code
}

/** Whether this is an error of the table, which a rule or a store throws on purpose. */
export function isRefusal (error: unknown): boolean {
  return titleOf(String((error as { code?: unknown } | null | undefined)?.code)) !== undefined
}

/** The last part of the problem's `type` URI: `BOX_ERR_STORE_FULL` → `store-full`. */
export function problemName (code: BoxErrorCode): string {
  return code.slice('BOX_ERR_'.length).toLowerCase().replaceAll('_', '-')
}

/** Makes the errors of one code: what fills the gaps of its detail, then `{ cause }` if there is one. */
export interface BoxErrorConstructor {
  new (...details: unknown[]): BoxError
  readonly prototype: BoxError
}

function define (code: BoxErrorCode): BoxErrorConstructor {
  const [status, , detail] = table[code]
  return createError<unknown[]>(code, detail, status)
}

/** The error of a code, as the table has it. */
export function errorOf (code: BoxErrorCode, cause?: unknown): BoxError {
  return new (define(code))({ cause })
}

export const InvalidError = define('BOX_ERR_INVALID')
export const DropOnlyError = define('BOX_ERR_DROP_ONLY')
export const PrefetchError = define('BOX_ERR_PREFETCH')
export const NotFoundError = define('BOX_ERR_NOT_FOUND')
export const NoRouteError = define('BOX_ERR_NO_ROUTE')
export const MethodError = define('BOX_ERR_METHOD')
export const NotAcceptableError = define('BOX_ERR_NOT_ACCEPTABLE')
export const TimeoutError = define('BOX_ERR_TIMEOUT')
export const FullError = define('BOX_ERR_FULL')
export const CursorError = define('BOX_ERR_CURSOR')
export const TooLargeError = define('BOX_ERR_TOO_LARGE')
export const UriTooLongError = define('BOX_ERR_URI_TOO_LONG')
export const MediaTypeError = define('BOX_ERR_MEDIA_TYPE')
export const ExpectationError = define('BOX_ERR_EXPECTATION')
export const IdempotencyError = define('BOX_ERR_IDEMPOTENCY')
export const RateError = define('BOX_ERR_RATE')
export const HeldError = define('BOX_ERR_HELD')
export const HeadersError = define('BOX_ERR_HEADERS')
export const InternalError = define('BOX_ERR_INTERNAL')
export const BusyError = define('BOX_ERR_BUSY')
export const ClosingError = define('BOX_ERR_CLOSING')
export const StoreError = define('BOX_ERR_STORE')
export const StoreFullError = define('BOX_ERR_STORE_FULL')

export type BoxError = FastifyError
