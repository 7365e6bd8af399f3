let lock: Promise<WakeLockSentinel> | undefined

/** Keeps the screen of a phone on during a call. A browser may take it back, or not know how: then it goes dark. */
export function stayAwake (wanted: boolean): void {
  if (!('wakeLock' in navigator)) return
  if (wanted) {
    lock ??= navigator.wakeLock.request('screen')
    lock.catch(() => { lock = undefined })
  } else {
    lock?.then(sentinel => sentinel.release()).catch(() => {})
    lock = undefined
  }
}
