import { BusyError } from '../errors.js'
import type { PendingResponse } from './pending-response.js'
import type { Unsent } from './unsent.js'

interface Rules {
  /** makes room for a response of this address, as far as others give way to it; tells whether there is enough */
  hasSpace: (address: string, bytes: number) => boolean
  /** the error for a response that gets no room */
  busy: () => Error
  /** how long a response waits for other reservations, in ms */
  patience: number
}

/** Reserves room for responses whose size is not known yet, so that they never have to give way. */
export class Reservations {
  readonly #account: Unsent
  readonly #rules: Rules
  /** called when a reservation is released */
  #waiting: Array<() => void> = []

  constructor (account: Unsent, rules: Rules) {
    this.#account = account
    this.#rules = rules
  }

  /**
   * Reserves room for a response. It waits for reservations, which are settled soon, but not for unsent bytes.
   * @returns undefined if that needs no wait, as is usual
   * @throws BusyError if there is no room, or nobody to send it to
   */
  take (response: PendingResponse, bytes: number): Promise<void> | undefined {
    if (response.isUnreachable || this.#lacks(response, bytes)) return this.#wait(response, bytes)
    this.#account.reserve(response.address, bytes)
    return undefined
  }

  release (response: PendingResponse, bytes: number): void {
    this.#account.release(response.address, bytes)
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  async #wait (response: PendingResponse, bytes: number): Promise<void> {
    const { hasSpace, busy, patience } = this.#rules
    const until = performance.now() + patience
    while (this.#lacks(response, bytes)) {
      const isReserved = this.#account.lack(response.address, bytes) === undefined && performance.now() < until
      if (isReserved) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
      else if (!hasSpace(response.address, bytes)) throw busy()
    }
    if (response.isUnreachable) throw new BusyError()
    this.#account.reserve(response.address, bytes)
  }

  #lacks ({ address }: PendingResponse, bytes: number): boolean {
    return this.#account.lackWithReserved(address, bytes) !== undefined
  }
}
