/** How long the server may take to answer before people are told, in ms. */
const SLOW = 4_000

/**
 * A `fetch` that reports while the server does not answer: how many requests in a row have failed, and 0 for one
 * that has not been answered yet.
 * @param last whether the page may be about to go: what it still has to say outlives it
 */
export function watchedFetch (silent: (failures: number) => void, last: () => boolean): typeof fetch {
  let failures = 0
  return async (input, init) => {
    const timer = setTimeout(() => { silent(failures) }, SLOW)
    try {
      const response = await fetch(input, last() ? { ...init, keepalive: true } : init)
      if (response.status < 500) failures = 0
      else silent(++failures)
      return response
    } catch (error) {
      const { signal } = input as Request
      if (!signal?.aborted) silent(++failures)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
