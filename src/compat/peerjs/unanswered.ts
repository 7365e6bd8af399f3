import type { PeerBoxes } from './peer-boxes.js'

/**
 * How much longer a message stays after its sender was told that it has expired, in ms. Deleting it deletes all
 * before it, whose senders must have looked by then.
 */
const GRACE = 1_000

/** The sequence numbers of the first and the last message. */
interface Entry {
  first: number
  last: number
}

/** The messages that their peers have not received yet, by sender and receiver. */
export class Unanswered {
  readonly #boxes: PeerBoxes
  readonly #expire: number
  readonly #onError: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #stopped = false

  /** @param expire how long a message waits for its peer, in ms */
  constructor (boxes: PeerBoxes, expire: number, onError: (error: unknown) => void) {
    this.#boxes = boxes
    this.#expire = expire
    this.#onError = onError
  }

  /**
   * Watches a message that was just stored.
   * @param onExpire called if the peer has not come for it in time; once for all messages in between
   */
  add (src: string, dst: string, seq: number, onExpire: () => void): void {
    const name = `${src}\0${dst}`
    const waiting = this.#entries.get(name)
    if (waiting !== undefined) waiting.last = seq
    else this.#watch(name, dst, seq, onExpire)
  }

  stop (): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #watch (name: string, dst: string, seq: number, onExpire: () => void): void {
    const entry = { first: seq, last: seq }
    this.#entries.set(name, entry)
    this.#later(this.#expire, () => this.#check(name, entry, dst, onExpire))
  }

  async #check (name: string, entry: Entry, dst: string, onExpire: () => void): Promise<void> {
    this.#entries.delete(name)
    const { first, last } = entry
    if (await this.#boxes.isWaiting(dst, first)) {
      onExpire()
      this.#later(GRACE, () => this.#boxes.discard(dst, first))
      if (last > first) this.#later(this.#expire + GRACE, () => this.#boxes.discard(dst, last))
    } else if (last > first) {
      this.#watch(name, dst, last, onExpire)
    }
  }

  #later (ms: number, work: () => Promise<void>): void {
    if (this.#stopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work().catch(this.#onError)
    }, ms)
    this.#timers.add(timer)
  }
}
