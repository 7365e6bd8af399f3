import type { Waiter } from '../box/waiters.js'
import { hasCode } from '../errors.js'
import type { Page } from '../store/store.js'
import { isOutage } from './outages.js'
import type { PendingResponse } from './pending-response.js'
import { pageSize } from './responses.js'
import { PIECE } from './pieces.js'

/** A reader with more unsent bytes than this has fallen behind; it is cut off, and resumes on its own. */
export const MAX_UNSENT = 256 * 1024

/** How long a stream waits for a store that did not respond, in ms. */
export const RETRY = 1000

/** How many messages one read takes; a longer backlog takes several reads. */
export const BATCH = 64

/** The first bytes, sent at once: a client that does not receive them knows that something is buffering. */
export const OPENING = 'retry: 1000\n: open\n\n'
export const HEARTBEAT = ': \n\n'
/** With data, since an EventSource discards an event without any. */
export const GONE = 'event: gone\ndata: {"type":"gone"}\n\n'

/**
 * Formats a message as a server-sent event (WHATWG HTML, section 9.2). JSON text has line breaks only as
 * white space between tokens, so each line becomes a `data:` line and the value stays the same.
 */
export function formatMessage (seq: number, text: string): string {
  return partsOf(seq, text).join('')
}

/** Puts a message into an event, as texts to be written one after the other. */
export type Format = (seq: number, text: string) => string[]

const partsOf: Format = (seq, text) => [`id: ${seq}\ndata: `, dataLines(text), '\n\n']

/** A JSON text as the value of `data:`. */
export function dataLines (text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/\r\n|\r|\n/g, '\ndata: ') : text
}

export interface StreamOptions {
  waiter: Waiter
  /** the messages found before the stream opened */
  first: Page
  /** the interval between comments, in ms */
  heartbeat: number
}

/**
 * Writes messages to an open response until the client disconnects or falls behind, the box is gone, or the
 * server ends all waits. It outlives an outage of the store.
 *
 * A backlog is sent at the client's pace. New messages are not held back for a slow client: they queue in its
 * socket, and a client with more than `MAX_UNSENT` there is cut off.
 */
export async function streamMessages (response: PendingResponse, { waiter, first, heartbeat }: StreamOptions): Promise<void> {
  response.write(OPENING)
  let after = first.next
  try {
    await writePage(response, first)
    while (!waiter.closed) {
      const found = await waiter.next(after, BATCH, heartbeat).catch(async (error: unknown) => {
        if (!isOutage(error)) throw error
        // The reader could do nothing but ask again.
        await waiter.pause(RETRY)
      })
      if (found === undefined || found.texts.length === 0) {
        response.write(HEARTBEAT)
      } else {
        after = found.next
        await writePage(response, found)
      }
    }
    response.end()
  } catch (error) {
    // A cursor that is suddenly ahead is that of a box which is gone; the one that was opened in its place is another.
    if (hasCode(error, 'BOX_ERR_NOT_FOUND') || hasCode(error, 'BOX_ERR_CURSOR')) response.end(GONE)
    else throw error
  }
}

/** One page at a time: a response holds one. */
export async function writePage (response: PendingResponse, page: Page, format: Format = partsOf): Promise<void> {
  const { texts, next } = page
  const backlog = texts.length > 1
  // The whole page, since it is held until its last message is written.
  response.hold(pageSize(page))
  let seq = next - texts.length
  for (const text of texts) {
    seq++
    if (response.backlog > MAX_UNSENT) response.cut()
    // Joining would copy a large text.
    else if (text.length > PIECE) await response.deliver(...format(seq, text))
    else if (backlog) await response.deliver(format(seq, text).join(''))
    else response.write(format(seq, text).join(''))
    if (response.gone) return
  }
  response.hold(0)
}
