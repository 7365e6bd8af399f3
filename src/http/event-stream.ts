import type { ServerResponse } from 'node:http'
import type { Waiter } from '../box/waiters.js'
import { NotFoundError } from '../errors.js'
import type { Page } from '../store/store.js'

/** A reader with more than this unsent does not keep up; it is cut and resumes by itself. */
export const MAX_UNSENT = 256 * 1024

/** How many messages one look takes; a longer backlog goes out in several. */
export const BATCH = 64

/** The first bytes, sent at once: a client that does not see them knows that something buffers. */
export const OPENING = 'retry: 1000\n: open\n\n'
export const HEARTBEAT = ': \n\n'
/** With data, since an EventSource drops an event that has none. */
export const GONE = 'event: gone\ndata: {"type":"gone"}\n\n'

/**
 * A message as a server-sent event (WHATWG HTML, 9.2). JSON text holds line breaks only as white
 * space between its tokens, so each line becomes a `data:` line and the value stays the same.
 */
export function formatMessage (seq: number, text: string): string {
  const data = /[\r\n]/.test(text) ? text.replace(/\r\n|\r|\n/g, '\ndata: ') : text
  return `id: ${seq}\ndata: ${data}\n\n`
}

export interface StreamOptions {
  waiter: Waiter
  /** the messages that were found before the stream opened */
  first: Page
  /** ms between comments, and how long a reader may take nothing at all */
  heartbeat: number
  now: () => number
}

/**
 * Writes messages to an open answer until the reader goes, falls behind, the box goes or the
 * server ends the waits.
 *
 * A backlog is paced by the reader. New messages are not held back for a slow reader: they
 * queue in its socket until `MAX_UNSENT`, and then it is cut.
 */
export async function streamMessages (response: ServerResponse, { waiter, first, heartbeat, now }: StreamOptions): Promise<void> {
  response.on('close', () => { waiter.close() })
  response.write(OPENING)
  let page = first
  try {
    await writePage(response, page, heartbeat)
    while (!waiter.closed) {
      page = await waiter.next(page.next, BATCH, now() + heartbeat)
      if (page.texts.length === 0) response.write(HEARTBEAT)
      else await writePage(response, page, heartbeat)
      if (response.writableLength > MAX_UNSENT) response.destroy()
    }
    response.end()
  } catch (error) {
    if (error instanceof NotFoundError) response.end(GONE)
    else throw error
  } finally {
    waiter.close()
  }
}

async function writePage (response: ServerResponse, { texts, next }: Page, patience: number): Promise<void> {
  const backlog = texts.length > 1
  let seq = next - texts.length
  for (const text of texts) {
    seq++
    const taken = response.write(formatMessage(seq, text))
    if (!taken && backlog && !await drained(response, patience)) return
  }
}

/** Whether the reader took what was written, within `patience` ms; if not it is cut. */
function drained (response: ServerResponse, patience: number): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => { response.destroy() }, patience)
    const settle = (taken: boolean) => () => {
      clearTimeout(timer)
      response.off('drain', onDrain)
      response.off('close', onClose)
      resolve(taken)
    }
    const onDrain = settle(true)
    const onClose = settle(false)
    response.once('drain', onDrain)
    response.once('close', onClose)
    if (response.destroyed) onClose()
  })
}
