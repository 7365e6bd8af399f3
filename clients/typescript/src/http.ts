import createClient, { type Client } from 'openapi-fetch'
import type { BoxErrorCode, paths } from './contract.js'
import { requirePlatform } from './platform.js'

export const MESSAGES = '/boxes/{box}/messages'

type JsonType = 'application/json' | 'application/problem+json'

export type BoxClient = Client<paths, JsonType>

/**
 * Headers for every request, such as `Authorization`. A function is called for each one, so that a
 * token can be refreshed in time; where it fails, the request counts as one that did not get through.
 */
export type RequestHeaders = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>)

export interface ClientOptions {
  /** used in place of the global `fetch`; it is called with a `Request` */
  fetch?: typeof fetch | undefined
  /** sent with every request, besides the client's own */
  headers?: RequestHeaders | undefined
}

/**
 * A typed `fetch` for every operation of the contract: one request, one answer,
 * nothing retried. `Box` is built on it; use it for what `Box` leaves out.
 * @param server the base URL of the box routes, such as `https://example.com/prefix`
 */
export function createBoxClient (server: string | URL, { fetch, headers }: ClientOptions = {}): BoxClient {
  requirePlatform()
  const client = createClient<paths, JsonType>({ baseUrl: String(server), ...(fetch && { fetch }) })
  if (headers !== undefined) {
    client.use({
      async onRequest ({ request }) {
        const given = typeof headers === 'function' ? await headers() : headers
        for (const [name, value] of Object.entries(given)) {
          if (!request.headers.has(name)) request.headers.set(name, value)
        }
      }
    })
  }
  return client
}

/** An answer that is not the one asked for. */
export class BoxError extends Error {
  override readonly name = 'BoxError'
  /** the HTTP status of the answer */
  readonly status: number
  /** the contract's code, such as `BOX_ERR_NOT_FOUND`, or that of the host's own check; undefined where something else than a box server answered */
  readonly code: BoxErrorCode | (string & {}) | undefined
  /** what went wrong and what to do next */
  readonly detail: string
  /** how long the server asks to wait before the next try, in ms */
  readonly retryAfter: number

  /** @param problem the answer's body, a problem of RFC 9457 where a box server answered */
  constructor (status: number, problem: unknown, retryAfter = 0) {
    const { code, detail } = Object(problem)
    super(typeof detail === 'string' ? detail : `The server answered with status ${status}.`)
    this.status = status
    this.code = typeof code === 'string' ? code : undefined
    this.detail = this.message
    this.retryAfter = retryAfter
  }
}

interface Answer<T> { data?: T, error?: unknown, response: Response }

/** The data of an answer that has some, as the contract promises. */
export async function dataOf<T> (answer: Answer<T> | Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer
  if (!response.ok) throw new BoxError(response.status, error, retryAfter(response))
  // Not a BoxError: half an answer is a fault of the way, and worth another try.
  if (data == null && response.status !== 204) throw new TypeError('The answer is empty')
  return data as NonNullable<T>
}

/** Retry-After (RFC 9110, section 10.2.3), seconds or a date, in ms: a day at most, since a long timer fires at once. */
function retryAfter (response: Response): number {
  const value = response.headers.get('Retry-After') ?? 0
  const ms = Number(value) * 1000 || Date.parse(String(value)) - Date.now()
  return Math.min(Math.max(ms || 0, 0), 86_400_000)
}
