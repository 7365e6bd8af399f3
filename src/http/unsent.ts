import { Tally } from '../tally.js'
import type { PendingResponse } from './pending-response.js'

interface Limits {
  /** bytes per client address */
  perAddress: number
  /** bytes in total */
  total: number
}

/** The limit that is exceeded. */
type Lack = 'address' | 'total'

interface Entry {
  /** unsent bytes at the last count */
  bytes: number
  /** when it last made progress */
  since: number
}

/**
 * Accounts for unsent bytes: which response has how many, for which address more are reserved, and which gives
 * way. Drained messages exist nowhere else, so their response never gives way to others.
 */
export class Unsent {
  #limits: Limits
  /** those with unsent bytes; the one longest without progress comes first */
  readonly #responses = new Map<PendingResponse, Entry>()
  readonly #counted = new Tally()
  readonly #reserved = new Tally()

  constructor (limits: Limits) {
    this.#limits = limits
  }

  /** Raises the limits if they are lower than this. */
  allow (bytes: number): void {
    const { perAddress, total } = this.#limits
    this.#limits = { perAddress: Math.max(perAddress, bytes), total: Math.max(total, bytes) }
  }

  get responses (): number {
    return this.#responses.size
  }

  get bytes (): number {
    return this.#counted.total
  }

  /** A copy, with the longest without progress first. */
  list (): PendingResponse[] {
    return [...this.#responses.keys()]
  }

  /** @param bytes the response's unsent bytes; at 0, it is no longer tracked */
  count (response: PendingResponse, bytes: number, now: number): void {
    const entry = this.#responses.get(response)
    const before = entry?.bytes ?? 0
    if (bytes === before) return
    this.#counted.add(response.address, bytes - before)
    if (bytes === 0) this.#responses.delete(response)
    else if (entry !== undefined) entry.bytes = bytes
    else {
      // From now on.
      response.hasProgressed()
      this.#responses.set(response, { bytes, since: now })
    }
  }

  /** What the response had unsent at the last count. */
  bytesOf (response: PendingResponse): number {
    return this.#responses.get(response)?.bytes ?? 0
  }

  /** When the response last made progress; undefined if it is not tracked. */
  since (response: PendingResponse): number | undefined {
    return this.#responses.get(response)?.since
  }

  /** Notes progress: the response is now the last to give way. */
  progress (response: PendingResponse, now: number): void {
    const bytes = this.bytesOf(response)
    this.#responses.delete(response)
    this.#responses.set(response, { bytes, since: now })
  }

  /** Keeps this much free for a response whose size is not known yet. */
  reserve (address: string, bytes: number): void {
    this.#reserved.add(address, bytes)
  }

  release (address: string, bytes: number): void {
    this.#reserved.add(address, -bytes)
  }

  /** The limit that this much more would exceed, if any. */
  lack (address: string, more = 0): Lack | undefined {
    return this.#lack(this.#counted.of(address) + more, this.#counted.total + more)
  }

  /** The same, assuming that everything reserved is used. */
  lackWithReserved (address: string, more: number): Lack | undefined {
    return this.#lack(
      this.#counted.of(address) + this.#reserved.of(address) + more,
      this.#counted.total + this.#reserved.total + more
    )
  }

  #lack (ofAddress: number, total: number): Lack | undefined {
    if (ofAddress > this.#limits.perAddress) return 'address'
    return total > this.#limits.total ? 'total' : undefined
  }

  /** The response that gives way first; undefined if none can. */
  first (lack: Lack, address: string): PendingResponse | undefined {
    for (const response of this.#responses.keys()) {
      if (!response.drained && (lack === 'total' || response.address === address)) return response
    }
    return undefined
  }
}
