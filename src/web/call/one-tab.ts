/** How long a tab waits until the call is free, in ms: a page that is being loaded again takes a moment to go. */
const PATIENCE = 2_000

/**
 * Takes a host's call for this tab, until the signal aborts: if two tabs answered the same guests, the guests would be
 * told that someone may be interfering.
 * @param link to the host's box
 * @returns false if another tab has it
 */
export async function takeCall (link: string, signal: AbortSignal): Promise<boolean> {
  // Where there are no locks, nobody can be asked.
  if (globalThis.navigator?.locks === undefined) return true
  // Every page of this origin can list the locks, and the link is as secret as a password.
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(link)))
  const patience = new AbortController()
  const timer = setTimeout(() => { patience.abort() }, PATIENCE)
  return await new Promise(resolve => {
    navigator.locks.request(`signalbox-call-${btoa(String.fromCharCode(...hash))}`, { signal: patience.signal }, async () => {
      clearTimeout(timer)
      resolve(true)
      if (!signal.aborted) await new Promise(resolve => { signal.addEventListener('abort', resolve) })
    }).catch(error => { resolve(Object(error).name !== 'AbortError') })
  })
}
