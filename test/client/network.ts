/** A network that can be cut, with what is under way. @param get what reaches the server */
export function network (get: typeof fetch = fetch) {
  const cuts = new Set<() => void>()
  let cut = false
  const fetching: typeof fetch = async input => {
    if (cut) throw new TypeError('no network')
    const request = input as Request
    const controller = new AbortController()
    const abort = () => { controller.abort(new TypeError('the network was cut')) }
    cuts.add(abort)
    request.signal.addEventListener('abort', abort)
    return await get(new Request(request, { signal: controller.signal }))
  }
  return {
    fetch: fetching,
    disconnect () {
      cut = true
      for (const abort of cuts) abort()
      cuts.clear()
    },
    reconnect () { cut = false }
  }
}
