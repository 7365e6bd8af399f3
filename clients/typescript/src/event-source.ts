import { EventParser, type StreamEvent } from './event-parser.js'
import { dataOf, isStream, type Answer } from './http.js'
import type { Timings } from './retry.js'
import { isTimeout, Scope } from './scope.js'

/** The stream does not get through on this path; something else may. */
export class NoStreamError extends Error {}

export const STREAM_HEADERS = { Accept: 'text/event-stream' }

/**
 * The events of one event stream, in batches as they arrive. The first batch is empty: it says that the stream is open.
 * @throws NoStreamError if there is no stream, or nothing of it arrives
 */
export async function * readEvents (
  open: (signal: AbortSignal) => Promise<Answer<ReadableStream<Uint8Array> | null>>, timings: Timings, maxEvent: number, parent: Scope
): AsyncGenerator<StreamEvent[]> {
  const scope = new Scope(parent)
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined
  let opened = false
  try {
    scope.deadline(timings.streamOpenTimeout)
    const answer = await scope.race(open(scope.signal))
    if (answer.response.status === 406) throw new NoStreamError()
    body = (await dataOf(answer)).getReader()
    if (!isStream(answer.response)) throw new NoStreamError()
    const parser = new EventParser(maxEvent)
    scope.deadline()
    yield []
    scope.deadline(timings.streamOpenTimeout)
    for (;;) {
      const { done, value } = await scope.race(body.read())
      if (done) return
      opened = true
      // No deadline while the consumer is busy: then the silence is ours.
      scope.deadline()
      const events = parser.push(value)
      if (events.length > 0) yield events
      scope.deadline(timings.streamIdleTimeout)
    }
  } catch (error) {
    // Silent from the start: a proxy is buffering it. Silent later: the connection is dead, because the
    // machine slept or the network changed.
    throw !opened && isTimeout(error) ? new NoStreamError() : error
  } finally {
    scope.end()
    // If the signal does not cover the body, this releases the connection.
    body?.cancel().catch(() => {})
  }
}
