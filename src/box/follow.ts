import { hasCode, isAway, NotFoundError } from '../errors.js'
import type { Page } from '../store/store.js'
import type { BoxService } from './box-service.js'

/** How many messages one read takes; a longer backlog takes several reads. */
const BATCH = 64
/** How long a read waits before it looks again, in ms. */
const LONG = 3_600_000
/** How long after a store did not respond it is tried again, in ms. */
const RETRY_AFTER = 1_000

/**
 * The messages after the cursor, in pages, as they come. It outlives an outage of the store, and ends when the server
 * closes or the signal aborts. It takes none of the places that the box has for its readers.
 * @throws NotFoundError if the box does not exist, or is gone in the meantime
 * @throws CursorError if the cursor is ahead of the box
 */
export async function * follow (service: BoxService, drop: string, after: number, over: AbortSignal): AsyncGenerator<Page, void> {
  // Whatever is wrong from the start is the caller's to know.
  await service.read(drop, after, 0)
  const waiter = await service.waiters.open(drop, over, false)
  try {
    while (!waiter.closed) {
      const page = await waiter.next(after, BATCH, LONG).catch(async (error: unknown) => {
        // A cursor that is suddenly ahead is that of a box which is gone.
        if (hasCode(error, 'BOX_ERR_CURSOR')) throw new NotFoundError({ cause: error })
        if (!isAway(error)) throw error
        await waiter.pause(RETRY_AFTER)
      })
      if (page === undefined || page.texts.length === 0) continue
      after = page.next
      yield page
    }
  } finally {
    waiter.close()
  }
}
