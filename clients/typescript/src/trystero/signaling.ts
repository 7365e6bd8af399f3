import type { ClientOptions } from '../http.js'
import { defaultTimings } from '../retry.js'
import { Room } from '../room/room.js'

/** What Trystero sends: a text for everyone who listens to a topic. Many travel in one message of the room. */
type Post = [topic: string, text: string]

/** In seconds: longer than a server takes to restart, but soon nobody makes offers to peers that have left. */
const KEEP = 30
/** Of one message, in characters: sealed, this is well below what a server takes. */
const MAX_BATCH = 32_000
/** While the server cannot be reached, the oldest posts are dropped: their sender has given up on them. */
const MAX_WAITING = 500

/** Joining never gives up: the server may be back before the page is closed. */
const patient = { ...defaultTimings, maxAttempts: Infinity }

export interface SignalingOptions extends ClientOptions {
  secret: string
  name: string
}

/** The signaling of one Trystero room on one server: all topics share a room, and so one connection. */
export class Signaling {
  readonly #controller = new AbortController()
  readonly #room: Promise<Room>
  readonly #waiting: Post[] = []
  #sending: Promise<void> | undefined

  constructor (server: string, options: SignalingOptions) {
    this.#room = Room.joinWith(patient, defaultTimings, server, { ...options, keep: KEEP, signal: this.#controller.signal })
    // Whoever reads or posts is told.
    this.#room.catch(() => {})
  }

  /** Calls `onPost` with every post until this is closed. Rejects with what the server refuses for good. */
  async read (onPost: (topic: string, text: string) => void): Promise<void> {
    try {
      for await (const batch of await this.#room) {
        for (const post of Array.isArray(batch) ? batch : []) {
          if (isPost(post)) onPost(...post)
        }
      }
    } catch (error) {
      if (!this.#controller.signal.aborted) throw error
    }
  }

  /** Resolves when the post is stored. While one message is being sent, posts wait for the next. */
  async post (topic: string, text: string): Promise<void> {
    this.#waiting.push([topic, text])
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
    await (this.#sending ??= this.#send())
  }

  close (): void {
    this.#controller.abort(new DOMException('The room was left', 'AbortError'))
  }

  async #send (): Promise<void> {
    try {
      const room = await this.#room
      while (this.#waiting.length > 0) await room.send(this.#nextBatch())
    } finally {
      // At once: a post in between would wait for the next.
      this.#sending = undefined
    }
  }

  #nextBatch (): Post[] {
    let length = 0
    const end = this.#waiting.findIndex(([topic, text]) => (length += topic.length + text.length) > MAX_BATCH)
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(end, 1))
  }
}

function isPost (value: unknown): value is Post {
  return Array.isArray(value) && value.length === 2 && value.every(part => typeof part === 'string')
}
