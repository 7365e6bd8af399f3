import type { TObject, TSchema } from '@sinclair/typebox'
import type { ResolvedOptions } from '../options.js'
import { registered, type Registration } from './document.js'
import { Problem } from './schemas.js'

const RATE_HEADERS = {
  'RateLimit-Limit': 'The number of requests of this kind allowed per minute.',
  'RateLimit-Remaining': 'The number of requests of this kind left in the current window.',
  'RateLimit-Reset': 'Seconds until the next window starts.'
}

const PROBLEMS: Record<number, string> = {
  400: 'A parameter or the body does not match its schema.',
  403: 'The box id is required but a drop address was given, or a prefetch or a cross-site request was refused.',
  404: 'The box does not exist. Malformed, unknown, expired and deleted boxes look the same.',
  406: 'The client accepts neither JSON nor an event stream, or its Accept header is too long.',
  409: 'The box is full, or the cursor is ahead of the box.',
  413: 'The body is too large.',
  415: 'The media type is not supported.',
  422: 'The Idempotency-Key was already used with a different body.',
  429: 'Too many requests, or the client address has reached its limit; see `detail` and Retry-After.',
  503: 'The server is overloaded or shutting down, or its store is not responding; see Retry-After.',
  507: 'The store is full.'
}

/** What an operation declares in the contract; requests are validated against the same schemas. */
interface Documented {
  operationId?: string
  params?: TObject
}

export type Contract = ReturnType<typeof contractFor>

/** What the operations of a registration share in the contract. */
export function contractFor ({ rateLimit, cors }: ResolvedOptions, registration: Registration) {
  const isLimited = rateLimit !== false
  const always = [...cors === true ? [] : [403], ...isLimited ? [429] : []]

  return {
    operation: <T extends Documented>(operation: T): T => registered(operation, registration),

    /** A response with its description, and its headers besides those of the rate limit. */
    response: <Content extends object>(description: string, content: Content, extra: Record<string, string> = {}) => ({
      description, headers: headers({ ...extra, ...isLimited ? RATE_HEADERS : {} }), ...content
    }),

    /** The error responses of an operation; those that every operation has are included. */
    problems: (...statuses: number[]) => Object.fromEntries([...statuses, ...always].map(status => [status, {
      description: PROBLEMS[status],
      ...(status === 429 || status === 503 ? { headers: headers({ 'Retry-After': 'Seconds to wait before the next attempt.' }) } : {}),
      content: { 'application/problem+json': { schema: Problem } }
    }]))
  }
}

/** The content of a JSON response. */
export function json<T extends TSchema> (schema: T, example: unknown) {
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
