import { NoStreamError, readEvents, STREAM_HEADERS } from '../event-source.js'
import type { StreamEvent } from '../event-parser.js'
import type { Message, Source } from '../follow.js'
import { BoxError } from '../http.js'
import { backoff, backoffDelay, isTransient, returns } from '../retry.js'
import { Scope } from '../scope.js'
import { freshOf, type Carrier, type Reader } from './reader.js'

/** How many boxes one stream may have on a server with default limits. */
const MOST = 64

/** How many boxes may be read at once by opening the stream again; after that, it is one in each `minDelay`. */
const BURST = 150

/** How often a box may be refused, with no message in between, before it is read on its own. */
const MAX_REFUSALS = 3

/** What a stream says about a box of its list. */
interface Said { box: number, seq: number, data: unknown, problem?: { status: number } }

/** What has arrived for a reader, and how long it is as JSON. */
interface Batch { messages: Message[], length: number }

/**
 * Reads many boxes of a server over one stream. When a box is added, the stream is opened again with the new list and
 * the cursors of all, so that no message is lost or comes twice.
 *
 * If a server accepts fewer boxes than there are, there are several streams. If there is no such stream (an older server,
 * a proxy that buffers it), readers are detached for a while.
 */
export class Hub implements Carrier {
  readonly #source: Source
  readonly #readers = new Set<Reader>()
  /** how often a reader's box had a problem that may pass since its last message, and how often that was a refusal */
  readonly #troubles = new Map<Reader, { count: number, refusals: number }>()
  #most = MOST
  #running = false
  #stream: Scope | undefined
  /** the wait before the next attempt */
  #pause: Scope | undefined
  #refresh: ReturnType<typeof setTimeout> | undefined
  #refreshAt = Infinity
  /** the reads of a burst that openings have cost, less what time has given back until `#openedAt` */
  #spent = 0
  #openedAt = 0
  /** whether the server has said how long to pause */
  #isTold = false
  #noStreamUntil = 0

  constructor (source: Source) {
    this.#source = source
  }

  get isIdle (): boolean {
    return this.#readers.size === 0
  }

  add (reader: Reader): void {
    if (performance.now() < this.#noStreamUntil) return reader.detach()
    this.#readers.add(reader)
    if (!this.#running) void this.#run()
    if (!this.#isTold) this.#pause?.end()
    this.#refreshIn(0)
  }

  remove (reader: Reader): void {
    this.#troubles.delete(reader)
    if (!this.#readers.delete(reader)) return
    if (this.isIdle) {
      this.#stream?.end()
      this.#pause?.end()
    } else {
      // Its place on the server is given back soon, but a loop that is followed by another costs one request only.
      this.#refreshIn(this.#source.timings.minPollInterval)
    }
  }

  /** Opens the stream again, with the readers that there are then: in `ms`, or when there are reads left for all. */
  #refreshIn (ms: number): void {
    const now = performance.now()
    // Each opening counts as a read of every box. What comes and goes all the time must not use up the rate limit.
    const wait = (this.#spentAt(now) + this.#readers.size - BURST) * this.#source.timings.minDelay
    const at = now + Math.max(ms, wait)
    if (at >= this.#refreshAt) return
    this.#clearRefresh()
    this.#refreshAt = at
    this.#refresh = setTimeout(() => {
      this.#refreshAt = Infinity
      this.#stream?.end()
    }, at - now)
  }

  #spentAt (now: number): number {
    return Math.max(0, this.#spent - (now - this.#openedAt) / this.#source.timings.minDelay)
  }

  async #run (): Promise<void> {
    const { timings } = this.#source
    this.#running = true
    let failures = 0
    // What else is opened in this turn comes into the same list.
    await new Promise(resolve => { setTimeout(resolve) })
    while (!this.isIdle) {
      this.#clearRefresh()
      const began = performance.now()
      // While the server is away, attempts must not add up.
      this.#spent = Math.min(this.#spentAt(began) + this.#readers.size, BURST)
      this.#openedAt = began
      const online = returns
      const cursors = [...this.#readers].map(({ cursor }) => cursor).join()
      const stream = this.#stream = new Scope()
      let cause: unknown
      try {
        await this.#readAll(stream)
      } catch (error) {
        if (stream.signal.aborted) continue
        if (error instanceof BoxError && (error.status === 400 || error.status === 413) && this.#most > 1) {
          this.#most = Math.max(1, Math.ceil(Math.min(this.#most, this.#readers.size) / 2))
          continue
        }
        if (error instanceof NoStreamError || !isTransient(error)) {
          this.#detachAll()
          break
        }
        cause = error
      } finally {
        stream.end()
      }
      const hasProgressed = cursors !== [...this.#readers].map(({ cursor }) => cursor).join()
      if (hasProgressed || performance.now() - began > timings.maxDelay) failures = 0
      if (this.isIdle) break
      const pause = this.#pause = new Scope()
      this.#isTold = cause instanceof BoxError && cause.retryAfter > 0
      // It ends early when none is left, or a box is added and the server has not said how long to wait.
      await backoff(pause, ++failures, cause, timings, online).catch(() => {})
      pause.end()
    }
    this.#clearRefresh()
    this.#running = false
  }

  #clearRefresh (): void {
    clearTimeout(this.#refresh)
    this.#refreshAt = Infinity
  }

  #detachAll (): void {
    this.#noStreamUntil = performance.now() + this.#source.timings.longPollPeriod
    this.#most = MOST
    const readers = [...this.#readers]
    this.#readers.clear()
    for (const reader of readers) reader.detach()
  }

  /** Resolves when the first of the streams ends. */
  async #readAll (scope: Scope): Promise<void> {
    const readers = [...this.#readers]
    const streams: Array<Promise<void>> = []
    for (let at = 0; at < readers.length; at += this.#most) streams.push(this.#read(readers.slice(at, at + this.#most), scope))
    await Promise.race(streams)
  }

  async #read (readers: Reader[], scope: Scope): Promise<void> {
    const { client, timings, maxResponseBytes } = this.#source
    const boxes = readers.map(({ box, cursor }) => ({ id: box, after: cursor }))
    const open = (signal: AbortSignal) => client.POST('/streams', { body: { boxes }, headers: STREAM_HEADERS, parseAs: 'stream', signal })
    for await (const events of readEvents(open, timings, maxResponseBytes, scope)) {
      const arrived = new Map<Reader, Batch>()
      for (const event of events) {
        const said = parse(event)
        const reader = readers[said.box]
        if (reader === undefined) throw new NoStreamError()
        // It may have left in the meantime.
        if (!this.#readers.has(reader)) continue
        const batch = arrived.get(reader) ?? { messages: [], length: 0 }
        if (said.problem === undefined) {
          batch.messages.push({ seq: said.seq, data: said.data })
          batch.length += event.data.length
          arrived.set(reader, batch)
        } else {
          this.#give(reader, batch)
          arrived.delete(reader)
          this.#meet(new BoxError(said.problem.status, said.problem), reader)
        }
      }
      for (const [reader, batch] of arrived) this.#give(reader, batch)
    }
  }

  #give (reader: Reader, { messages, length }: Batch): void {
    const after = reader.cursor
    const fresh = freshOf(messages, after)
    const last = fresh.at(-1)?.seq
    if (last === undefined) return
    reader.cursor = last
    this.#troubles.delete(reader)
    reader.receive(fresh, after, length)
  }

  /** What is wrong with one box leaves the others as they are. */
  #meet (error: BoxError, reader: Reader): void {
    const before = this.#troubles.get(reader) ?? { count: 0, refusals: 0 }
    const count = before.count + 1
    const refusals = before.refusals + (error.status === 429 ? 1 : 0)
    const isRefused = refusals > MAX_REFUSALS
    if (isTransient(error) && !isRefused) {
      this.#troubles.set(reader, { count, refusals })
      return this.#refreshIn(backoffDelay(count, error, this.#source.timings))
    }
    this.#readers.delete(reader)
    this.#troubles.delete(reader)
    if (this.isIdle) this.#stream?.end()
    // If too many others read the box, each further attempt would cost a read of every box.
    if (isRefused) reader.detach()
    else reader.fail(error)
  }
}

/** Comments are no events, so the first batch, which is empty, is all that comes without any. */
function parse ({ type, data }: StreamEvent): Said {
  const said: Said = JSON.parse(data)
  if (!Number.isSafeInteger(said?.box)) throw new NoStreamError()
  const isSound = type === 'problem' ? Number.isInteger(said.problem?.status) : type === 'message' && Number.isSafeInteger(said.seq) && said.seq > 0
  if (!isSound) throw new NoStreamError()
  return said
}
