import { setTimeout } from 'node:timers/promises'
import type { BoxService } from '../box/box-service.js'
import type { Waiter } from '../box/waiters.js'
import { hasCode, isAway } from '../errors.js'

/** How long after a store did not respond it is tried again, in ms. */
export const RETRY_AFTER = 1_000

interface Attended {
  over: AbortSignal
  /** Called if the box is gone, before the work begins again. */
  onGone: () => Promise<void>
  /** Resolves when nothing is left to do. */
  work: (waiter: Waiter) => Promise<void>
}

/**
 * Works with a box until the signal aborts or the service is closed, again and again if the box is gone or the store
 * does not respond.
 */
export async function attend (service: BoxService, drop: string, { over, onGone, work }: Attended): Promise<void> {
  let isThere = true
  while (!over.aborted && !service.closed) {
    try {
      if (!isThere) await onGone()
      isThere = true
      const waiter = await service.waiters.open(drop, over)
      try {
        return await work(waiter)
      } finally {
        waiter.close()
      }
    } catch (error) {
      // A closed store responds no more.
      if (over.aborted || service.closed) return
      if (isGone(error)) isThere = false
      else if (isAway(error)) await pause(RETRY_AFTER, over)
      else throw error
    }
  }
}

/** Resolves after that time, or at once when the signal aborts. */
export async function pause (ms: number, over: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: over }).catch(() => {})
}

/** Whether the box does not exist, or is not the one it was. */
export function isGone (error: unknown): boolean {
  return hasCode(error, 'BOX_ERR_NOT_FOUND') || hasCode(error, 'BOX_ERR_CURSOR')
}
