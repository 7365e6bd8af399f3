import type { StreamEvent } from './event-parser.js'
import { NoStreamError, readEvents, STREAM_HEADERS } from './event-source.js'
import { dataOf, MESSAGES, type BoxClient, type ClientOptions } from './http.js'
import { backoff, isTransient, returns, type Timings } from './retry.js'
import { Scope } from './scope.js'
import { isMsgs } from './shapes.js'

/** A message and its sequence number. */
export interface Message {
  /** the sequence number: 1, 2, 3 … per box */
  seq: number
  /** the JSON value that was sent */
  data: unknown
}

/** Consecutive messages, and the cursor after them. */
export interface Page {
  messages: Message[]
  /** the sequence number of the last message; without messages, the requested cursor */
  next: number
}

/** Which messages to read. */
export interface Query {
  /** the cursor to start after; default 0, the first message */
  after?: number
  /** how many messages at most: 1 to 1,000; default 100 */
  limit?: number
  /** how long the server may wait for a message if there is none, in seconds: 0 to 60; default 0 */
  wait?: number
}

/** What boxes get their messages through together; made by `shareStreams` from `signalbox-client/shared`. */
export interface Connection {
  /** whether boxes of other tabs can share it; false in Node, and where the browser has no Web Locks */
  readonly sharesTabs: boolean
  /** @internal */
  follow (source: Source, after: number, scope: Scope): AsyncGenerator<Message[]>
}

/** A box on its server. */
export interface Source {
  client: BoxClient
  /** the base URL of the box routes */
  server: string
  /** what the client was made with */
  options: ClientOptions
  /** the path parameters of every operation on this box */
  path: { box: string }
  timings: Timings
  maxResponseBytes: number
}

export async function readPage ({ client, path, timings }: Source, query: Query, scope: Scope): Promise<Page> {
  scope.deadline(timings.responseTimeout + (query.wait ?? 0) * 1000)
  const { data, next } = await dataOf(client.GET(MESSAGES, { params: { path, query }, signal: scope.signal }), isMsgs)
  // Messages leave a box only from its front, so the sequence numbers within a page have no gap.
  return { messages: data.map((data, i, all) => ({ seq: next - all.length + 1 + i, data })), next }
}

/** What a reader does if its box can be replaced by a new one under the same id, which counts from 1 again. */
export interface Successor {
  /**
   * Whether there is a new box; reading then starts at 0. Asked when a stream has opened, and after each response to a
   * long-poll: if it were asked before, the box could be replaced in between.
   */
  isReplaced (scope: Scope): Promise<boolean>
  /**
   * Called when the server says that there is no point in retrying. Reading then starts at 0.
   * @throws the error, if it has another reason
   */
  recover (error: unknown, scope: Scope): Promise<void>
}

/**
 * The messages after a cursor, in batches as they arrive, in order and once each, without end. They come over
 * the stream, or for a while by long-poll if the stream is refused or buffered. After a disconnection, a silent
 * connection or a transient error, reading resumes after the last message delivered. Throws if the server says
 * that there is no point in retrying (the box is gone, or the cursor is ahead of it), unless there is a successor, or
 * sends too much at once.
 */
export async function * follow (source: Source, after: number, scope: Scope, successor?: Successor): AsyncGenerator<Message[]> {
  let cursor = after
  let failures = 0
  let way = stream
  for (;;) {
    const began = performance.now()
    const before = returns
    let cause: unknown
    let replaced: boolean | undefined
    try {
      for await (const batch of way(source, cursor, scope)) {
        if (way === poll || batch.length === 0) replaced = await successor?.isReplaced(scope)
        if (replaced) break
        const fresh: Message[] = []
        for (const message of batch) {
          if (message.seq <= cursor) continue
          cursor = message.seq
          fresh.push(message)
        }
        if (fresh.length === 0) continue
        failures = 0
        yield fresh
      }
      if (replaced) cursor = 0
      else way = stream
    } catch (error) {
      scope.signal.throwIfAborted()
      if (error instanceof NoStreamError) {
        way = poll
        continue
      }
      // Conditions may have changed (another network, a restarted server), so try the stream again.
      way = stream
      cause = error
      if (!isTransient(error)) {
        if (successor === undefined) throw error
        await successor.recover(error, scope)
        cursor = 0
        cause = undefined
      }
    }
    if (performance.now() - began > source.timings.maxDelay) failures = 0
    await backoff(scope, ++failures, cause, source.timings, before)
  }
}

/** The first batch is empty: it says that the stream is open. */
async function * stream ({ client, path, timings, maxResponseBytes }: Source, after: number, parent: Scope): AsyncGenerator<Message[]> {
  const open = (signal: AbortSignal) => client.GET(MESSAGES, { params: { path, query: { after } }, headers: STREAM_HEADERS, parseAs: 'stream', signal })
  for await (const events of readEvents(open, timings, maxResponseBytes, parent)) {
    // `gone` needs no handling: the stream ends, and the next request is refused with the reason.
    const batch = events.filter(({ type }) => type === 'message').map(messageOf)
    if (events.length === 0 || batch.length > 0) yield batch
  }
}

function messageOf ({ id, data }: StreamEvent): Message {
  const seq = Number(id)
  if (!Number.isSafeInteger(seq) || seq <= 0) throw new NoStreamError()
  return { seq, data: JSON.parse(data) }
}

/** A batch per response, perhaps an empty one. Ends after a while, because the next network may let streams through. */
async function * poll (source: Source, after: number, scope: Scope): AsyncGenerator<Message[]> {
  const { longPollWait: wait, minPollInterval, longPollPeriod } = source.timings
  const until = performance.now() + longPollPeriod
  for (let cursor = after; performance.now() < until;) {
    const began = performance.now()
    const { messages, next } = await Scope.run(scope, undefined, child => readPage(source, { after: cursor, wait }, child))
    cursor = next
    yield messages
    if (messages.length === 0 && performance.now() - began < minPollInterval) await scope.sleep(minPollInterval)
  }
}
