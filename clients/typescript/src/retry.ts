import { BoxError, ResponseTooLargeError } from './http.js'
import { isTimeout, Scope } from './scope.js'

/** The client's waits and timeouts, in ms unless stated otherwise, and its number of attempts. */
export interface Timings {
  /** the wait before the first retry; doubles with every further failure */
  minDelay: number
  /** the longest wait between retries */
  maxDelay: number
  /** attempts per request; following a box never gives up */
  maxAttempts: number
  /** the longest `Retry-After` that is waited for; with a longer one, the refusal is final */
  maxRetryAfter: number
  /** until a response is complete */
  responseTimeout: number
  /** whether a request that got no response in time is sent again */
  repeatTimeouts: boolean
  /** how long a new stream may stay silent. A server writes at once, so silence means that a proxy is buffering */
  streamOpenTimeout: number
  /** how long an open stream may stay silent. The server writes every 15 s, so silence means that the connection is dead */
  streamIdleTimeout: number
  /** the `wait` of a long-poll, in seconds */
  longPollWait: number
  /** how long to use long-polls before trying the stream again */
  longPollPeriod: number
  /** the shortest time between two long-polls that find nothing, in case the server does not wait */
  minPollInterval: number
  /** the shortest time between two acknowledgements, so that not every message costs a request */
  acknowledgeInterval: number
  /** how long a loop waits for its last acknowledgement when it ends */
  flushTimeout: number
}

export const defaultTimings: Timings = {
  minDelay: 250,
  maxDelay: 15_000,
  maxAttempts: 10,
  maxRetryAfter: Infinity,
  responseTimeout: 30_000,
  repeatTimeouts: true,
  streamOpenTimeout: 3_000,
  streamIdleTimeout: 45_000,
  longPollWait: 25,
  longPollPeriod: 300_000,
  minPollInterval: 1_000,
  acknowledgeInterval: 250,
  flushTimeout: 5_000
}

/** For creating a box: nothing is lost yet, so it is better to say soon that the URL is wrong. */
export const createTimings: Timings = { ...defaultTimings, maxAttempts: 5, maxRetryAfter: 5_000, responseTimeout: 10_000, repeatTimeouts: false }

/** Whether the same request may succeed later: there was no response, part of one, or one that says so. */
export function isTransient (error: unknown): boolean {
  if (error instanceof ResponseTooLargeError) return false
  return !(error instanceof BoxError) || error.status >= 500 || error.status === 429 || error.status === 408
}

/**
 * How long to wait after `failures` failures in a row, the last of them `error`: exponential backoff with
 * jitter, so that clients disconnected together do not all return together, added to the server's
 * Retry-After.
 */
export function backoffDelay (failures: number, error: unknown, { minDelay, maxDelay }: Timings): number {
  const backoff = Math.min(minDelay * 2 ** (failures - 1), maxDelay)
  return askedBy(error) + backoff * (0.5 + Math.random() / 2)
}

/** How long the server asked to wait, in ms. */
function askedBy (error: unknown): number {
  return error instanceof BoxError ? error.retryAfter : 0
}

/** How often the browser has come back online. Only browsers have this event. */
export let returns = 0
globalThis.addEventListener?.('online', () => { returns++ })

/**
 * Waits before the next attempt, but no longer than until the browser is back online, if the last one had no response.
 * @param before `returns` before the last attempt: it may have failed because it began offline
 */
export async function backoff (scope: Scope, failures: number, error: unknown, timings: Timings, before = returns): Promise<void> {
  const unanswered = !(error instanceof BoxError)
  if (unanswered && returns > before) return
  const pause = new Scope(scope)
  const end = () => { pause.end() }
  if (unanswered) globalThis.addEventListener?.('online', end)
  try {
    await pause.sleep(backoffDelay(failures, error, timings))
  } catch {
    scope.signal.throwIfAborted()
  } finally {
    globalThis.removeEventListener?.('online', end)
    pause.end()
  }
}

/**
 * Sends an idempotent request until there is a final response, the attempts are used up, or the parent scope
 * or the signal ends it.
 */
export async function retry<T> (timings: Timings, request: (child: Scope) => Promise<T>, parent?: Scope, signal?: AbortSignal): Promise<T> {
  return await Scope.run(parent, signal, async scope => {
    for (let failures = 1; ; failures++) {
      const before = returns
      try {
        return await Scope.run(scope, undefined, request, timings.responseTimeout)
      } catch (error) {
        scope.signal.throwIfAborted()
        if (failures >= timings.maxAttempts || (!timings.repeatTimeouts && isTimeout(error)) || !isTransient(error) || askedBy(error) > timings.maxRetryAfter) throw error
        await backoff(scope, failures, error, timings, before)
      }
    }
  })
}
