import type { BoxService } from '../../box/box-service.js'
import { hasCode } from '../../errors.js'

/** How long a read waits before it looks whether it should, in ms. */
const LONG = 3_600_000
/** How long after a failed read the next one follows, in ms. */
const RETRY_AFTER = 1_000

interface Reading {
  /** the cursor at which to begin */
  after: number
  /** how many texts are read at a time */
  limit: number
  over: AbortSignal
  /** Called if the box is gone. @returns the cursor at which to begin anew; undefined to end */
  onGone: () => Promise<number | undefined>
  /** Called with what is read, and the last of its numbers. @returns whether to go on */
  onTexts: (texts: string[], next: number) => Promise<boolean>
}

/** Reads a box, as its texts come, until the signal aborts. A box that is read does not expire. */
export async function follow (service: BoxService, drop: string, { after, limit, over, onGone, onTexts }: Reading): Promise<void> {
  let cursor = after
  while (!over.aborted) {
    try {
      const waiter = await service.waiters.open(drop, over)
      try {
        while (!waiter.closed) {
          const { texts, next } = await waiter.next(cursor, limit, LONG)
          if (texts.length > 0 && !await onTexts(texts, next)) return
          cursor = next
        }
        return
      } finally {
        waiter.close()
      }
    } catch (error) {
      if (over.aborted) return
      if (hasCode(error, 'BOX_ERR_NOT_FOUND') || hasCode(error, 'BOX_ERR_CURSOR')) {
        const anew = await onGone()
        if (anew === undefined) return
        cursor = anew
      } else if (hasCode(error, 'BOX_ERR_STORE') || hasCode(error, 'BOX_ERR_BUSY')) {
        await new Promise(resolve => { setTimeout(resolve, RETRY_AFTER) })
      } else {
        throw error
      }
    }
  }
}
