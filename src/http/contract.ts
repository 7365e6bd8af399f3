import type { TObject, TSchema } from '@sinclair/typebox'
import type { ResolvedOptions } from '../options.js'
import { registered, type Registration } from './document.js'
import { Problem } from './schemas.js'

const RATE_HEADERS = {
  'RateLimit-Limit': 'Requests of this kind per minute.',
  'RateLimit-Remaining': 'Requests of this kind left in this window.',
  'RateLimit-Reset': 'Seconds until the window starts anew.'
}

const PROBLEMS: Record<number, string> = {
  400: 'A parameter or the body is outside its schema.',
  403: 'A drop address was given where the box id is needed, or a prefetch was refused.',
  404: 'No such box: malformed, unknown, expired and deleted boxes all look the same.',
  406: 'Neither JSON nor an event stream is accepted.',
  409: 'The box is full, or the cursor is ahead of the box.',
  413: 'The body is too large.',
  415: 'The media type is not supported.',
  422: 'The Idempotency-Key came before with another body.',
  429: 'Too many requests, or the client address holds its maximum; see `detail` and Retry-After.',
  503: 'The server is overloaded or shutting down, or its store does not answer; see Retry-After.',
  507: 'The store is full.'
}

/** What an operation declares in the contract; requests are validated against the same schemas. */
interface Documented {
  operationId?: string
  params?: TObject
}

export type Contract = ReturnType<typeof contractFor>

/** What the operations of a registration share in the contract. */
export function contractFor ({ rateLimit }: ResolvedOptions, registration: Registration) {
  const isLimited = rateLimit !== false

  return {
    operation: <T extends Documented>(operation: T): T => registered(operation, registration),

    /** A response with its description, and its headers besides those of the rate limit. */
    answer: (description: string, content: object, extra: Record<string, string> = {}) => ({
      description, headers: headers({ ...extra, ...isLimited ? RATE_HEADERS : {} }), ...content
    }),

    /** The error responses of an operation; that of the rate limit is always included. */
    problems: (...statuses: number[]) => Object.fromEntries([...statuses, ...isLimited ? [429] : []].map(status => [status, {
      description: PROBLEMS[status],
      ...(status === 429 || status === 503 ? { headers: headers({ 'Retry-After': 'Seconds to wait before the next try.' }) } : {}),
      content: { 'application/problem+json': { schema: Problem } }
    }]))
  }
}

/** The content of a JSON response. */
export function json (schema: TSchema, example: unknown) {
  return { content: { 'application/json': { schema, example } } }
}

/** A JSON body. The example is part of the schema, since the generator takes it from there only. */
export function body<T extends TSchema> (schema: T, example: unknown) {
  return { content: { 'application/json': { schema: { ...schema, examples: [example] } } } }
}

function headers (descriptions: Record<string, string>): object {
  return Object.fromEntries(Object.entries(descriptions).map(([name, description]) =>
    [name, name === 'Location' ? { type: 'string', description } : { type: 'integer', description }]))
}
