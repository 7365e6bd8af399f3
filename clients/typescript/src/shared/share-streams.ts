import { follow, type Connection, type Message, type Source } from '../follow.js'
import { MAX_RESPONSE_BYTES } from '../http.js'
import { Scope } from '../scope.js'
import { Hub } from './hub.js'
import { Loop, type Carrier } from './reader.js'
import { canShareTabs, Tabs } from './tabs.js'

/** How many servers, or ways to one, a connection remembers that have no box at the moment. */
const MAX_KNOWN = 16

/** Options of `shareStreams`. */
export interface SharingOptions {
  /**
   * whether the tabs of an origin share a stream, too; by default they do, where the browser can. Tabs tell each
   * other their box ids and messages, so set it to `false` if pages of this origin do not trust each other
   */
  tabs?: boolean | undefined
}

/**
 * Makes a connection for the option `connection` of `Box.create` and `Box.open`. All boxes with it that are on the same
 * server are read over one stream, however many there are; in a browser, the boxes of all tabs of an origin are. One of the
 * tabs holds the stream, and when it is closed, another one takes over. Messages arrive as they do otherwise, in order and
 * once each.
 *
 * Tabs share a stream if the browser has Web Locks, which means on HTTPS or localhost, and for boxes without the options
 * `fetch`, `headers` and `maxResponseBytes`: another tab may be logged in as someone else. Boxes with these options share
 * the page's stream with boxes that have the same values.
 *
 * If the server has no such streams, or they do not get through, each box is read on its own, as without `connection`, and
 * a shared stream is tried again after five minutes.
 */
export function shareStreams ({ tabs = true }: SharingOptions = {}): Connection {
  const sharesTabs = tabs && canShareTabs()
  const known: Array<{ source: Source, carrier: Carrier }> = []

  function carrierFor (source: Source): Carrier {
    const found = known.find(other => isSameWay(other.source, source))
    if (found !== undefined) return found.carrier
    // An idle one is kept only for what it knows, and each may have somebody's login.
    if (known.length >= MAX_KNOWN) forget(known.find(({ carrier }) => carrier.isIdle)?.carrier)
    const carrier = sharesTabs && isPlain(source) ? new Tabs(source) : new Hub(source)
    known.push({ source, carrier })
    return carrier
  }

  function forget (carrier: Carrier | undefined): void {
    const at = known.findIndex(entry => entry.carrier === carrier)
    if (at >= 0) known.splice(at, 1)
  }

  async function * followShared (source: Source, after: number, scope: Scope): AsyncGenerator<Message[]> {
    let cursor = after
    for (;;) {
      const loop = new Loop(source.path.box, cursor)
      const carrier = carrierFor(source)
      const leave = () => {
        carrier.remove(loop)
        // A hub that knows of no shared stream is kept, so that it is not asked again too soon.
        if (carrier.isIdle && !loop.isDetached) forget(carrier)
      }
      carrier.add(loop)
      // A box may be closed while its consumer is busy, and the consumer may never come back.
      scope.signal.addEventListener('abort', leave)
      try {
        for (let batch; (batch = await scope.race(loop.next())) !== undefined;) {
          cursor = batch.at(-1)?.seq ?? cursor
          yield batch
        }
      } finally {
        scope.signal.removeEventListener('abort', leave)
        leave()
      }
      if (!loop.isDetached) continue
      for await (const batch of followAlone(source, cursor, scope)) {
        cursor = batch.at(-1)?.seq ?? cursor
        yield batch
      }
    }
  }

  return { sharesTabs, follow: followShared }
}

/** The messages of a box over a connection of its own, for a while. */
async function * followAlone (source: Source, after: number, parent: Scope): AsyncGenerator<Message[]> {
  const scope = new Scope(parent)
  scope.deadline(source.timings.longPollPeriod)
  try {
    yield * follow(source, after, scope)
  } catch (error) {
    parent.signal.throwIfAborted()
    if (!scope.signal.aborted) throw error
  } finally {
    scope.end()
  }
}

function isSameWay (one: Source, other: Source): boolean {
  return one.server === other.server && one.options.fetch === other.options.fetch && one.options.headers === other.options.headers && one.maxResponseBytes === other.maxResponseBytes
}

function isPlain ({ options: { fetch, headers }, maxResponseBytes }: Source): boolean {
  return fetch === undefined && headers === undefined && maxResponseBytes === MAX_RESPONSE_BYTES
}
