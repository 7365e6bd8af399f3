import { Scope } from './scope.js'

/** How many messages may wait for their acknowledgement before it hurries, well below what a box holds. */
const BACKLOG = 64

/**
 * Tells the server how far a reader has come: one request at a time with the
 * latest cursor, at most one per `pace` ms unless many messages wait. A request
 * that fails for good is dropped: the next one has a later cursor, and a message
 * that was not acknowledged is only kept for longer.
 */
export class Acknowledger {
  readonly #acknowledge: (cursor: number) => Promise<unknown>
  readonly #pace: number
  #wanted = 0
  #done = 0
  #running: Promise<void> | undefined
  #pause: Scope | undefined
  #hurry = false

  constructor (acknowledge: (cursor: number) => Promise<unknown>, pace: number) {
    this.#acknowledge = acknowledge
    this.#pace = pace
  }

  /** The consumer has everything up to and including this cursor. */
  to (cursor: number) {
    this.#wanted = cursor
    if (cursor - this.#done >= BACKLOG) this.#pause?.end()
    if (this.#done < cursor) this.#running ??= this.#run()
  }

  /** Resolves when nothing is left to tell. */
  async flush (): Promise<void> {
    this.#hurry = true
    this.#pause?.end()
    await this.#running
  }

  async #run () {
    try {
      while (this.#done < this.#wanted) {
        const cursor = this.#wanted
        await this.#acknowledge(cursor)
        this.#done = cursor
        await this.#rest()
      }
    } catch {
      // see above
    } finally {
      this.#running = undefined
    }
  }

  async #rest () {
    if (this.#hurry || this.#wanted - this.#done >= BACKLOG) return
    this.#pause = new Scope()
    await this.#pause.pause(this.#pace).catch(() => {})
    this.#pause.end()
  }
}
