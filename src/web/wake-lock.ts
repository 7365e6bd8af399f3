let lock: Promise<WakeLockSentinel> | undefined

/** Keeps a phone's screen on during a call, if the browser supports it. */
export function keepScreenOn (wanted: boolean): void {
  if (!('wakeLock' in navigator)) return
  if (wanted) {
    lock ??= navigator.wakeLock.request('screen')
    lock.catch(() => { lock = undefined })
  } else {
    lock?.then(sentinel => sentinel.release()).catch(() => {})
    lock = undefined
  }
}
