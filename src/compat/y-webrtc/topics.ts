import { hash } from 'node:crypto'
import type { BoxService } from '../../box/box-service.js'
import { isGone } from '../attend.js'
import { Topic, type Subscriber } from './topic.js'

/** Counts a room that is created. @throws RateError */
type Creates = () => Promise<void>

/**
 * The topics of the sockets on this server. Each is a room, whose key in the store is derived one-way from the topic's
 * name. That is no drop address, so that no request to the box API can reach the room, although names can be guessed.
 */
export class Topics {
  readonly #service: BoxService
  readonly #topics = new Map<string, Topic>()

  constructor (service: BoxService) {
    this.#service = service
  }

  /** Resolves when the subscriber gets all that is published from now on. If it rejects, call it again, or `unsubscribe`. */
  async subscribe (name: string, subscriber: Subscriber, creates: Creates): Promise<void> {
    const topic = this.#topics.get(name) ?? new Topic(this.#service, keyOf(name))
    this.#topics.set(name, topic)
    topic.subscribers.add(subscriber)
    await topic.open(creates)
  }

  unsubscribe (name: string, subscriber: Subscriber): void {
    const topic = this.#topics.get(name)
    if (topic === undefined) return
    topic.subscribers.delete(subscriber)
    if (topic.subscribers.size > 0) return
    topic.end()
    this.#topics.delete(name)
  }

  /** Sends a text to all who are subscribed, on any server. */
  async publish (name: string, text: string, creates: Creates): Promise<void> {
    const message = { text, bytes: Buffer.byteLength(text) }
    try {
      await this.#service.append(keyOf(name), message)
    } catch (error) {
      if (!isGone(error)) throw error
      const topic = this.#topics.get(name)
      // Nobody is subscribed.
      if (topic === undefined) return
      await topic.open(creates)
      await this.#service.append(keyOf(name), message)
    }
  }
}

export function keyOf (name: string): string {
  return `topic_${hash('sha256', `signalbox y-webrtc v1\0${name}`, 'base64url').slice(0, 32)}`
}
