import type { Waiter } from '../box/waiters.js'
import { hasCode, NotFoundError } from '../errors.js'
import { BATCH, dataLines, HEARTBEAT, OPENING, RETRY, writePage, type Format } from './event-stream.js'
import { isOutage } from './outages.js'
import type { PendingResponse } from './pending-response.js'

/** How long a box rests if nothing happens and it need not be kept alive, in ms. */
const LONG = 3_600_000

/** A box of the list, with the cursor to start after. */
export interface Followed {
  after: number
  /** begins to wait on the box; rejects if the box cannot be followed */
  open: () => Promise<Waiter>
}

export interface BoxStreamsOptions {
  /** the interval between comments, in ms */
  heartbeat: number
  /** the problem document for what a box has failed with */
  problemOf: (error: unknown) => string
}

/**
 * Writes the messages of several boxes to an open response until the client disconnects or falls behind, the server ends
 * all waits, or no box is left. A box that fails, or is gone, leaves the others as they are.
 *
 * The boxes take turns, so that the response holds one page at a time, and a box with a long backlog lets the others in
 * between. For a slow client, the rules are those of `streamMessages`.
 */
export async function streamBoxes (response: PendingResponse, boxes: Followed[], { heartbeat, problemOf }: BoxStreamsOptions): Promise<void> {
  response.write(OPENING)
  const inTurn = turns()
  const beat = setInterval(() => { if (!response.gone && response.backlog === 0) response.write(HEARTBEAT) }, heartbeat)
  try {
    await Promise.all(boxes.map(async (box, index) => {
      try {
        await follow(response, box, index, inTurn)
      } catch (error) {
        // In its turn: a large message of another box may be half written.
        await inTurn(async () => {
          if (!response.gone) response.write(`event: problem\ndata: {"box":${index},"problem":${problemOf(error)}}\n\n`)
        })
      }
    }))
  } finally {
    clearInterval(beat)
    response.end()
  }
}

async function follow (response: PendingResponse, box: Followed, index: number, inTurn: InTurn): Promise<void> {
  const format: Format = (seq, text) => [`data: {"box":${index},"seq":${seq},"data":`, dataLines(text), '}\n\n']
  const waiter = await box.open()
  let { after } = box
  let found = false

  async function writeNext (): Promise<void> {
    if (waiter.closed || response.gone) return
    const page = await waiter.look(after, BATCH)
    after = page.next
    await writePage(response, page, format)
  }

  try {
    while (!waiter.closed) {
      try {
        // Out of turn: a store that does not respond must not keep the other boxes waiting.
        const page = await waiter.look(after, 1)
        found = true
        if (page.texts.length === 0) await waiter.rest(page, LONG)
        else await inTurn(writeNext)
      } catch (error) {
        if (!found || !isOutage(error)) throw error
        // The reader could do nothing but ask again.
        await waiter.pause(RETRY)
      }
    }
  } catch (error) {
    // A cursor that is suddenly ahead is that of a box which is gone; the one that was opened in its place is another.
    throw found && hasCode(error, 'BOX_ERR_CURSOR') ? new NotFoundError() : error
  } finally {
    waiter.close()
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/** Does one thing at a time, in the order of the calls. */
function turns (): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}
