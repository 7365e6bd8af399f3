import { Scope } from './scope.js'

/** Acknowledge at once when this many messages are waiting: well below what a box holds. */
const BACKLOG = 64

/**
 * Tells the server how far a reader has got: one request at a time, with the latest cursor, and at most one
 * per `interval` ms unless many messages are waiting. A request that fails for good is dropped: the next one
 * carries a later cursor, and until then, the server merely keeps the messages for longer.
 */
export class Acknowledger {
  readonly #acknowledge: (cursor: number) => Promise<unknown>
  readonly #interval: number
  readonly #scope: Scope
  #wanted = 0
  #done = 0
  #running: Promise<void> | undefined
  #timer: Scope | undefined
  #hurry = false

  /** @param scope ends every pause when it ends, as the requests do by themselves */
  constructor (acknowledge: (cursor: number) => Promise<unknown>, interval: number, scope: Scope) {
    this.#acknowledge = acknowledge
    this.#interval = interval
    this.#scope = scope
  }

  /** Call when the consumer has handled every message up to and including this cursor. */
  advance (cursor: number) {
    this.#wanted = cursor
    if (cursor - this.#done >= BACKLOG) this.#timer?.end()
    if (this.#done < cursor) this.#running ??= this.#run()
  }

  /** Resolves when everything has been acknowledged. */
  async flush (): Promise<void> {
    this.#hurry = true
    this.#timer?.end()
    await this.#running
  }

  async #run () {
    try {
      while (this.#done < this.#wanted) {
        const cursor = this.#wanted
        await this.#acknowledge(cursor)
        this.#done = cursor
        await this.#pause()
      }
    } catch {
      // Dropped; see the class comment.
    } finally {
      this.#running = undefined
    }
  }

  async #pause () {
    if (this.#hurry || this.#wanted - this.#done >= BACKLOG) return
    this.#timer = new Scope(this.#scope)
    await this.#timer.sleep(this.#interval).catch(() => {})
    this.#timer.end()
  }
}
