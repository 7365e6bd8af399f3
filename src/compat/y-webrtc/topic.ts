import type { BoxService } from '../../box/box-service.js'
import { attend } from '../attend.js'
import { publishedText } from './protocol.js'

/**
 * The settings of a room, in seconds. A signal is of the moment: it is kept only so that other servers can read it,
 * also when the store did not respond, or their clocks differ. A room is used as long as anyone is subscribed.
 */
const ROOM = { keep: 60, ttl: 120 }

/** How many messages are read at a time. */
const MOST_READ = 64
/** How long a read of the messages waits before it looks whether it should, in ms. */
const LONG = 3_600_000

/** Who gets what is published. */
export interface Subscriber {
  /** @param text as UTF-8, the same for all subscribers */
  publish: (text: Buffer) => void
  /** Called if the topic cannot go on. */
  fail: (error: unknown) => void
}

/** A topic that somebody on this server is subscribed to. The room is read once, for all of them. */
export class Topic {
  readonly subscribers = new Set<Subscriber>()
  readonly #service: BoxService
  readonly #key: string
  readonly #over = new AbortController()
  /** how far the room is read; another object for each room that there has been under this key */
  #place: { seen: number } | undefined
  #isRead = false

  constructor (service: BoxService, key: string) {
    this.#service = service
    this.#key = key
  }

  /**
   * Opens the room, which is read from its front on.
   * @param creates called before the room is created; may refuse by throwing
   */
  async open (creates: () => Promise<void>): Promise<void> {
    const { created } = await this.#service.open('', this.#key, ROOM, undefined, creates)
    if (created) this.#place = { seen: 0 }
    else if (this.#place === undefined) {
      const seen = await this.#front()
      this.#place ??= { seen }
    }
    if (this.#isRead) return
    this.#isRead = true
    this.#read().catch(error => {
      // Whoever subscribes next begins again.
      this.#isRead = false
      for (const subscriber of this.subscribers) subscriber.fail(error)
    })
  }

  /** Call it when nobody is subscribed any more. */
  end (): void {
    this.#over.abort()
  }

  async #read (): Promise<void> {
    let place = this.#place
    await attend(this.#service, this.#key, {
      over: this.#over.signal,
      onGone: async () => {
        await this.open(async () => {})
        // Somebody else has opened it again, so that nothing says what has been read of it.
        if (this.#place === place) this.#place = { seen: await this.#front() }
      },
      work: async waiter => {
        while (!waiter.closed) {
          const read = place = this.#place as { seen: number }
          const { texts, next } = await waiter.next(read.seen, MOST_READ, LONG)
          if (read !== this.#place) continue
          read.seen = next
          for (const text of texts) this.#publish(text)
        }
      }
    })
  }

  #publish (text: string): void {
    if (this.#over.signal.aborted) return
    const published = Buffer.from(publishedText(text, this.subscribers.size))
    for (const subscriber of this.subscribers) subscriber.publish(published)
  }

  /** The number of the newest message. */
  async #front (): Promise<number> {
    for (let front = 0; ;) {
      const { texts, next } = await this.#service.read(this.#key, front, MOST_READ)
      front = next
      if (texts.length < MOST_READ) return front
    }
  }
}
