/** How long the server may take to answer before people are told, in ms. */
const SLOW = 4_000

export interface FetchWatcher {
  /** so many requests in a row have failed; 0: one has not been answered yet */
  silent (failures: number): void
  /** the server is back */
  answered (): void
  /** Whether the page may be about to go: what it still has to say outlives it. */
  leaving (): boolean
}

/** A `fetch` that reports when the server does not answer, and when it does again. */
export function watchedFetch (watcher: FetchWatcher): typeof fetch {
  let failures = 0
  let told = false
  const tell = () => {
    told = true
    watcher.silent(failures)
  }
  const fail = () => {
    failures++
    tell()
  }
  return async (input, init) => {
    const timer = setTimeout(tell, SLOW)
    try {
      const response = await fetch(input, watcher.leaving() ? { ...init, keepalive: true } : init)
      if (response.status >= 500) {
        fail()
      } else {
        failures = 0
        if (told) watcher.answered()
        told = false
      }
      return response
    } catch (error) {
      const { signal } = input as Request
      if (!signal?.aborted) fail()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
