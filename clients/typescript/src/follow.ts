import { EventParser, type StreamEvent } from './event-parser.js'
import { dataOf, MESSAGES, type BoxClient } from './http.js'
import { delayAfter, mayPass, type Timing } from './retry.js'
import { Scope } from './scope.js'

/** A message with its place in its box. */
export interface Message {
  /** the sequence number: 1, 2, 3 … per box */
  seq: number
  data: unknown
}

/** Messages after a cursor, with the cursor after them. */
export interface Page {
  messages: Message[]
  next: number
}

/** What to read: at most `limit` messages after the cursor, held open by the server for up to `wait` seconds. */
export interface Query {
  after?: number
  limit?: number
  wait?: number
}

/** A box on its server. */
export interface Source {
  client: BoxClient
  /** what the operations on this box take as `params.path` */
  path: { box: string }
  timing: Timing
}

export async function readPage ({ client, path, timing }: Source, query: Query, scope: Scope): Promise<Page> {
  scope.deadline(timing.answer + (query.wait ?? 0) * 1000)
  const { data, next } = await dataOf(client.GET(MESSAGES, { params: { path, query }, signal: scope.signal }))
  // Messages leave a box only from its front, so the numbers of a page are without a gap.
  return { messages: data.map((data, i, all) => ({ seq: next - all.length + 1 + i, data })), next }
}

/** The stream does not come through on this way; a long-poll may. */
class NoStreamError extends Error {}

/**
 * The messages after a cursor, in batches as they come, each message once and in
 * order, without end: over the stream, or for a while by long-poll where the stream
 * is refused or held back. A cut, a silence or a passing error is waited out and
 * reading goes on after the last message given. Throws for good when the server says so: the box is gone,
 * or the cursor is ahead of it.
 */
export async function * follow (source: Source, after: number, scope: Scope): AsyncGenerator<Message[]> {
  let cursor = after
  let failures = 0
  let way = stream
  for (;;) {
    const began = performance.now()
    let cause: unknown
    try {
      for await (const batch of way(source, cursor, scope)) {
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
      way = stream
    } catch (error) {
      scope.signal.throwIfAborted()
      if (error instanceof NoStreamError) {
        way = poll
        continue
      }
      if (!mayPass(error)) throw error
      // The way may have changed (another network, a server started again), so the stream has another chance.
      way = stream
      cause = error
    }
    if (performance.now() - began > source.timing.lastDelay) failures = 0
    await scope.pause(delayAfter(++failures, cause, source.timing))
  }
}

async function * stream ({ client, path, timing }: Source, after: number, parent: Scope): AsyncGenerator<Message[]> {
  const scope = new Scope(parent)
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined
  let opened = false
  try {
    scope.deadline(timing.opening)
    const answer = await scope.race(client.GET(MESSAGES, {
      params: { path, query: { after } },
      headers: { Accept: 'text/event-stream' },
      parseAs: 'stream',
      signal: scope.signal
    }))
    if (answer.response.status === 406) throw new NoStreamError()
    body = (await dataOf(answer)).getReader()
    if (!answer.response.headers.get('Content-Type')?.startsWith('text/event-stream')) throw new NoStreamError()
    const parser = new EventParser()
    for (;;) {
      const { done, value } = await scope.race(body.read())
      if (done) return
      opened = true
      // The clock stands while the consumer is busy: then the silence is ours.
      scope.deadline()
      // `gone` needs no care: the stream ends, and the next request is refused with the reason.
      const batch = parser.push(value).filter(({ type }) => type === 'message').map(messageOf)
      if (batch.length > 0) yield batch
      scope.deadline(timing.silence)
    }
  } catch (error) {
    // Silent from the start, it is held back by something in between. Later, the connection is dead: the machine slept, or the network changed.
    throw !opened && error instanceof DOMException && error.name === 'TimeoutError' ? new NoStreamError() : error
  } finally {
    scope.end()
    // Where the request's signal is not tied to the body, this lets go of the connection.
    body?.cancel().catch(() => {})
  }
}

function messageOf ({ id, data }: StreamEvent): Message {
  const seq = Number(id)
  if (!(seq > 0)) throw new NoStreamError()
  return { seq, data: JSON.parse(data) }
}

/** Ends after a while, since the next network may let streams through. */
async function * poll (source: Source, after: number, scope: Scope): AsyncGenerator<Message[]> {
  const { wait, idle, polling } = source.timing
  const until = performance.now() + polling
  for (let cursor = after; performance.now() < until;) {
    const began = performance.now()
    const { messages, next } = await Scope.run(scope, undefined, part => readPage(source, { after: cursor, wait }, part))
    cursor = next
    if (messages.length > 0) yield messages
    else if (performance.now() - began < idle) await scope.pause(idle)
  }
}
