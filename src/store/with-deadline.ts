import { StoreError } from '../errors.js'

/**
 * The time is counted in slices, because a process that was paused (a suspended machine, a debugger, SIGSTOP)
 * finds its timer due before it has seen the replies that arrived in the meantime. A pause costs at most one
 * slice.
 */
const SLICES = 4

/**
 * Settles like `promise`, or rejects with `StoreError` if that takes longer than `ms`. A later outcome is
 * ignored, so the caller does not know it.
 */
export function withDeadline<T> (promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = SLICES
    let timer: NodeJS.Timeout
    const wait = (): void => {
      if (left-- === 0) reject(new StoreError({ cause: new Error(`No response within ${ms} ms`) }))
      else timer = setTimeout(wait, ms / SLICES)
    }
    wait()
    promise.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}
