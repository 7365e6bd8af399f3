import { BoxError } from './http.js'
import { Scope } from './scope.js'

/** The client's times in ms and its number of tries, in one place for tests to turn. */
export interface Timing {
  /** the wait before the first retry; doubles with every further failure */
  firstDelay: number
  /** what the waits grow to */
  lastDelay: number
  /** how often a single request is tried; following a box never gives up */
  tries: number
  /** how long an answer may take */
  answer: number
  /** how long a new stream may be silent: a server speaks at once, so that silence means a proxy that buffers */
  opening: number
  /** how long an open stream may be silent: the server's heartbeat comes every 15 s, so that it is dead */
  silence: number
  /** how long a long-poll asks the server to wait, in seconds */
  wait: number
  /** how long long-polls go on before the stream is tried again */
  polling: number
  /** the least time between two long-polls that find nothing, for a server that does not wait */
  idle: number
  /** the least time between two acknowledgements, so that they do not cost a request per message */
  pace: number
  /** how long the end of a loop waits for its last acknowledgement */
  farewell: number
}

export const defaultTiming: Timing = {
  firstDelay: 250,
  lastDelay: 15_000,
  tries: 10,
  answer: 30_000,
  opening: 3_000,
  silence: 45_000,
  wait: 25,
  polling: 300_000,
  idle: 1_000,
  pace: 250,
  farewell: 5_000
}

/** Whether the same request may do better later: no answer came at all, or one that says so. */
export function mayPass (error: unknown): boolean {
  return !(error instanceof BoxError) || error.status >= 500 || error.status === 429 || error.status === 408
}

/**
 * How long to wait after so many failures in a row, the last of them `error`:
 * doubling, with jitter so that clients cut together do not come back together,
 * and on top of what the server asked for.
 */
export function delayAfter (failures: number, error: unknown, { firstDelay, lastDelay }: Timing): number {
  const backoff = Math.min(firstDelay * 2 ** (failures - 1), lastDelay)
  const asked = error instanceof BoxError ? error.retryAfter : 0
  return asked + backoff * (0.5 + Math.random() / 2)
}

/** Tries a request that may be repeated without harm until it is answered for good, or the whole or the signal ends it. */
export async function retry<T> (timing: Timing, request: (part: Scope) => Promise<T>, whole?: Scope, signal?: AbortSignal): Promise<T> {
  return await Scope.run(whole, signal, async scope => {
    for (let failures = 1; ; failures++) {
      try {
        return await Scope.run(scope, undefined, request, timing.answer)
      } catch (error) {
        scope.signal.throwIfAborted()
        if (failures >= timing.tries || !mayPass(error)) throw error
        await scope.pause(delayAfter(failures, error, timing))
      }
    }
  })
}
