let lock: Promise<WakeLockSentinel> | undefined

/** Keeps a phone's screen on during a call, if the browser supports it. */
export function keepScreenOn (wanted: boolean): void {
  if (!('wakeLock' in navigator)) return
  if (wanted) {
    request()
    document.addEventListener('visibilitychange', request)
  } else {
    document.removeEventListener('visibilitychange', request)
    lock?.then(async sentinel => { await sentinel.release() }).catch(() => {})
    lock = undefined
  }
}

/** The browser takes the lock away whenever the page is hidden, and grants none meanwhile. */
function request (): void {
  if (document.visibilityState !== 'visible' || lock !== undefined) return
  const asked = lock = navigator.wakeLock.request('screen')
  const gone = (): void => { if (lock === asked) lock = undefined }
  asked.then(sentinel => { sentinel.addEventListener('release', gone) }).catch(gone)
}
