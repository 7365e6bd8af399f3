import createClient, { type Client } from 'openapi-fetch'
import type { BoxErrorCode, paths } from './contract.js'
import { baseUrl } from './address.js'
import { requirePlatform } from './platform.js'

export const MESSAGES = '/boxes/{box}/messages'

type JsonType = 'application/json' | 'application/problem+json'

/** An `openapi-fetch` client, typed by the contract: `client.GET(path, …)`, `client.POST(path, …)` and so on. */
export type BoxClient = Client<paths, JsonType>

/**
 * Headers for every request, such as `Authorization`. A function is called for each request, so that it can
 * refresh a token in time. If it fails, the request counts as failed and is retried. With headers, redirects
 * are refused: they could lead to another server.
 */
export type RequestHeaders = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>)

/** Options of every client. */
export interface ClientOptions {
  /** replaces the global `fetch`; called with a `Request` */
  fetch?: typeof fetch | undefined
  /** sent with every request, in addition to the client's own headers */
  headers?: RequestHeaders | undefined
  /** the largest response body accepted, and the largest event of a stream, in bytes; by default 64 MiB, and 4 MiB in a call */
  maxResponseBytes?: number | undefined
}

/** Far more than a box holds on any server with default limits. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024

/**
 * A typed `fetch` for every operation of the contract: one request, one response, no retries. `Box` is built
 * on it; use it for what `Box` does not cover.
 * @param server the base URL of the box routes, such as `https://example.com/prefix`
 * @throws TypeError if the server is not an http or https URL, or the platform lacks something the client needs
 */
export function createBoxClient (server: string | URL, { fetch, headers, maxResponseBytes = MAX_RESPONSE_BYTES }: ClientOptions = {}): BoxClient {
  requirePlatform()
  const base = baseUrl(server)
  const client = createClient<paths, JsonType>({ baseUrl: base, ...(fetch && { fetch }), ...(headers && { redirect: 'manual' }) })
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
  client.use({
    onError ({ error, request }) {
      // The error of `fetch` does not say which server, and its URL contains a capability.
      if (!request.signal.aborted) return new TypeError(`The server at ${base} could not be reached. Check its URL, the network and, in a browser, whether its 'cors' option allows this page.`, { cause: error })
    }
  })
  client.use({ onResponse: ({ request, response }) => isStream(response) ? undefined : limited(request, response, maxResponseBytes) })
  return client
}

/** An event stream has no end; its reader limits each event. */
export function isStream ({ headers }: Response): boolean {
  return headers.get('Content-Type')?.startsWith('text/event-stream') ?? false
}

/**
 * The same response, read here up to the limit, so that no server can fill the memory. Browsers replace an error
 * in the body of a response with one of their own. Whether a GET was redirected does not matter, because it stays a GET.
 */
async function limited ({ method }: Request, response: Response, bytes: number): Promise<Response | undefined> {
  if (response.body === null) return undefined
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > bytes) {
      reader.cancel().catch(() => {})
      throw new ResponseTooLargeError('The response', bytes)
    }
    chunks.push(value)
  }
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  // A response with 204 must have no body; Chromium gives even that one an empty stream.
  const read = new Response(length === 0 ? null : body, response)
  return Object.defineProperty(read, 'redirected', { value: response.redirected && method !== 'GET' })
}

/**
 * A response other than the expected one. For a box server's responses, `code` and `detail` come from the
 * problem document (RFC 9457) in the body.
 */
export class BoxError extends Error {
  override readonly name = 'BoxError'
  /** the HTTP status of the response */
  readonly status: number
  /**
   * the contract's error code, such as `BOX_ERR_NOT_FOUND`, or a code from the host application; undefined if
   * something other than a box server responded
   */
  readonly code: BoxErrorCode | (string & {}) | undefined
  /** what went wrong and what to do next */
  readonly detail: string
  /** how long to wait before the next attempt, in ms, as the server asked; 0 if it did not */
  readonly retryAfter: number

  /**
   * @param problem the response body: a problem document (RFC 9457) if a box server responded
   * @param redirected whether a redirect was followed that may have turned the request into another
   */
  constructor (status: number, problem: unknown, retryAfter = 0, redirected = false) {
    const { code, detail } = Object(problem)
    // Browsers show a redirect that was not followed as status 0.
    const isRedirect = status === 0 || Math.floor(status / 100) === 3
    const other = isRedirect ? 'The server redirects, but redirects are not followed with the option headers.' : `The server responded unexpectedly, with status ${status}.${status === 404 ? ' Is the URL’s prefix right?' : ''}`
    const hint = redirected ? ' The server redirects, which may turn a request into a GET. Use the new URL.' : ''
    super((typeof detail === 'string' ? detail : other) + hint)
    this.status = status
    this.code = typeof code === 'string' ? code : undefined
    this.detail = this.message
    this.retryAfter = retryAfter
  }
}

/**
 * A response, or an event of a stream, is larger than `maxResponseBytes`. It is not requested again, since the next
 * response would be as large.
 */
export class ResponseTooLargeError extends RangeError {
  override readonly name = 'ResponseTooLargeError'

  /** @param what the thing that is too large, as the subject of a sentence */
  constructor (what: string, limit: number) {
    super(`${what} is larger than ${limit} bytes. To accept it, raise the option 'maxResponseBytes'.`)
  }
}

/** What `openapi-fetch` returns. */
export interface Answer<T> { data?: T, error?: unknown, response: Response }

/**
 * The data of a successful response, as the contract promises; throws a `BoxError` for any other.
 * @param isSound whether the data has the shape that was promised
 */
export async function dataOf<T> (answer: Answer<T> | Promise<Answer<T>>, isSound: (data?: T) => boolean = () => true): Promise<NonNullable<T>> {
  const { data, error, response: { ok, status, redirected }, response } = await answer
  // Not a BoxError: a truncated response is a network fault and worth retrying.
  if (ok && data == null && status !== 204) throw new TypeError('The response is empty')
  if (!ok || !isSound(data)) throw new BoxError(status, error, retryAfter(response), redirected)
  return data as NonNullable<T>
}

/**
 * Retry-After (RFC 9110, section 10.2.3), in seconds or as a date, converted to ms. At most one day: longer
 * timers fire at once.
 */
function retryAfter (response: Response): number {
  const value = response.headers.get('Retry-After') ?? 0
  const ms = Number(value) * 1000 || Date.parse(String(value)) - Date.now()
  return Math.min(Math.max(ms || 0, 0), 86_400_000)
}
