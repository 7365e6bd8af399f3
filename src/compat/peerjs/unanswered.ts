import { hash } from 'node:crypto'
import { isAway } from '../../errors.js'
import { RETRY_AFTER } from '../attend.js'
import type { PeerBoxes } from './peer-boxes.js'

/** Messages for a peer expire together, in steps of that many ms. */
const STEP = 250
/**
 * How much longer messages stay once their senders are told that they have expired, in ms. Deleting a message deletes
 * all before it, whose senders must have been told by then, on whichever server they are.
 */
const GRACE = 1_000

/** Who sent a message. */
export interface Sender {
  id: string
  token: string
}

/** Messages for a peer that expire at the same time, in the order of their numbers: a lower one may be of a new box. */
interface Batch {
  dst: string
  /** when they expire */
  at: number
  /** the sequence number of the last one, and by what it is known again */
  last: number
  digest: string
  /** who is to be told, and the number of the last message of each */
  senders: Map<string, { sender: Sender, last: number }>
}

/** What this server has stored for its peers and those of other servers: for whom, from whom, and until when. */
export class Unanswered {
  readonly #boxes: PeerBoxes
  readonly #expire: number
  readonly #onExpire: (sender: Sender, dst: string) => void
  readonly #onError: (error: unknown) => void
  /** by receiver, oldest first */
  readonly #batches = new Map<string, Set<Batch>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #isStopped = false

  /**
   * @param expire how long a message waits for its peer, in ms
   * @param onExpire called once for all messages that wait for a peer from the same sender
   */
  constructor (boxes: PeerBoxes, expire: number, onExpire: (sender: Sender, dst: string) => void, onError: (error: unknown) => void) {
    this.#boxes = boxes
    this.#expire = expire
    this.#onExpire = onExpire
    this.#onError = onError
  }

  /**
   * Watches a message that was just stored, until it is received or has expired and is deleted.
   * @param sender who is told that it has expired; undefined if nobody is
   */
  add (dst: string, { seq, text }: { seq: number, text: string }, sender: Sender | undefined): void {
    const batch = this.#current(dst, seq)
    batch.last = seq
    batch.digest = digest(text)
    if (sender !== undefined) batch.senders.set(nameOf(sender), { sender, last: seq })
  }

  stop (): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #current (dst: string, seq: number): Batch {
    const now = performance.now()
    const at = Math.ceil((now + this.#expire) / STEP) * STEP
    const batches = this.#batches.get(dst) ?? new Set()
    this.#batches.set(dst, batches)
    const newest = [...batches].at(-1)
    if (newest?.at === at && seq > newest.last) return newest
    const batch: Batch = { dst, at, last: 0, digest: '', senders: new Map() }
    batches.add(batch)
    this.#later(at - now, () => this.#expires(batch, batches))
    return batch
  }

  async #expires (batch: Batch, batches: Set<Batch>): Promise<void> {
    // All of it was received when an earlier batch expired.
    if (!batches.has(batch)) return
    const { dst } = batch
    const known = [...batches].map(each => ({ each, last: each.last }))
    const text = await this.#boxes.waitingAt(dst, batch.last)
    const first = await this.#boxes.firstWaiting(dst) ?? Infinity
    for (const { each, last } of known) if (each === batch || (last < first && last === each.last)) this.#forget(each, batches)
    if (text === undefined && batch.last < first) return
    if (text === undefined || digest(text) !== batch.digest) {
      // Lost with their box. Those in the one that has replaced it wait for their own time.
      for (const { sender } of batch.senders.values()) this.#onExpire(sender, dst)
      return
    }
    if (batch.last < first) return
    for (const [name, { sender, last }] of batch.senders) {
      if (last < first) continue
      for (const later of batches) later.senders.delete(name)
      this.#onExpire(sender, dst)
    }
    this.#later(GRACE, async () => {
      const text = await this.#boxes.waitingAt(dst, batch.last)
      if (text !== undefined && digest(text) === batch.digest) await this.#boxes.discard(dst, batch.last)
    })
  }

  #forget (batch: Batch, batches: Set<Batch>): void {
    batches.delete(batch)
    if (batches.size === 0 && this.#batches.get(batch.dst) === batches) this.#batches.delete(batch.dst)
  }

  #later (ms: number, work: () => Promise<void>): void {
    if (this.#isStopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work().catch(error => {
        if (isAway(error)) this.#later(RETRY_AFTER, work)
        else this.#onError(error)
      })
    }, ms)
    this.#timers.add(timer)
  }
}

function digest (text: string): string {
  return hash('sha256', text, 'base64url')
}

function nameOf ({ id, token }: Sender): string {
  return `${id}\0${token}`
}
