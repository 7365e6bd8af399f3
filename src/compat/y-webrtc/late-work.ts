import { Tally } from '../../tally.js'

/** The most that may wait, in bytes. */
const MOST = 256 * 1024
/** What anything that waits takes besides its texts, in bytes. */
const OVERHEAD = 256

/** What a socket does about topics that have to wait for the limit on new ones: in order, and nothing else waits for it. */
export class LateWork {
  readonly #onError: (error: unknown) => void
  readonly #perTopic = new Tally()
  #bytes = 0
  #done: Promise<void> = Promise.resolve()

  /** @param onError called with what work rejects with */
  constructor (onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Resolves when nothing of what has been added so far is left. */
  get done (): Promise<void> {
    return this.#done
  }

  /** Whether anything about this topic waits, so that what comes next about it must, too. */
  has (topic: string): boolean {
    return this.#perTopic.of(topic) > 0
  }

  /** @param bytes what it keeps in memory. Resolves at once, or when it is done if too much waits already. */
  async add (topic: string, bytes: number, work: () => Promise<void>): Promise<void> {
    const isTooMuch = this.#bytes + bytes + OVERHEAD > MOST
    this.#count(topic, 1, bytes + OVERHEAD)
    this.#done = this.#done.then(work).catch(this.#onError).finally(() => { this.#count(topic, -1, -bytes - OVERHEAD) })
    if (isTooMuch) await this.#done
  }

  #count (topic: string, amount: number, bytes: number): void {
    this.#perTopic.add(topic, amount)
    this.#bytes += bytes
  }
}
