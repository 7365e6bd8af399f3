import { StoreError } from '../errors.js'

/**
 * Why it counts in slices: a process that was paused (a suspended machine, a debugger, SIGSTOP)
 * finds its timer due before it has looked at the answers that came meanwhile. A pause costs at
 * most one slice.
 */
const SLICES = 4

/**
 * What `promise` settles to, or a rejection with `StoreError` where it has not settled `ms` after
 * this call. What it does later goes unheard: its outcome is then unknown to the caller.
 */
export function withDeadline<T> (promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = SLICES
    let timer: NodeJS.Timeout
    const wait = (): void => {
      if (left-- === 0) reject(Object.assign(new StoreError(), { cause: new Error(`No answer within ${ms} ms`) }))
      else timer = setTimeout(wait, ms / SLICES)
    }
    wait()
    promise.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}
