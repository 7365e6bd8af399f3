import { retry, type Timings } from './retry.js'
import { isTimeout, type Scope } from './scope.js'

/** The first request to a server: if nothing answers, its URL may be wrong, so the error names it. */
export async function firstRequest<T> (timings: Timings, server: string, request: (child: Scope) => Promise<T>, signal?: AbortSignal): Promise<T> {
  return await retry(timings, request, undefined, signal).catch(cause => {
    throw isTimeout(cause) && cause !== signal?.reason ? new TypeError(`The server at ${server} did not respond in time. Check its URL and the network.`, { cause }) : cause
  })
}
