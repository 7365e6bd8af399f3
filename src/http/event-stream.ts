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
  /** ms between comments, and how long a reader may take over 256 KiB of a backlog */
  heartbeat: number
}

/**
 * Writes messages to an open answer until the reader goes, falls behind, the box goes or the
 * server ends the waits.
 *
 * A backlog is paced by the reader. New messages are not held back for a slow reader: they
 * queue in its socket, and one that finds more than `MAX_UNSENT` there cuts the reader.
 */
export async function streamMessages (response: ServerResponse, { waiter, first, heartbeat }: StreamOptions): Promise<void> {
  response.write(OPENING)
  let page = first
  try {
    await writePage(response, page, heartbeat)
    while (!waiter.closed) {
      page = await waiter.next(page.next, BATCH, heartbeat)
      if (page.texts.length === 0) response.write(HEARTBEAT)
      else await writePage(response, page, heartbeat)
    }
    response.end()
  } catch (error) {
    if (error instanceof NotFoundError) response.end(GONE)
    else throw error
  }
}

async function writePage (response: ServerResponse, { texts, next }: Page, heartbeat: number): Promise<void> {
  const backlog = texts.length > 1
  let seq = next - texts.length
  for (const text of texts) {
    seq++
    if (response.writableLength > MAX_UNSENT) response.destroy()
    const taken = response.write(formatMessage(seq, text))
    if (!taken && backlog) await drained(response, heartbeat * Math.ceil(response.writableLength / MAX_UNSENT))
    if (response.destroyed) return
  }
}

/** Resolves once the reader took what was written; one that takes longer than `patience` ms is cut. */
function drained (response: ServerResponse, patience: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => { response.destroy() }, patience)
    const done = (): void => {
      clearTimeout(timer)
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
    if (response.destroyed) done()
  })
}
