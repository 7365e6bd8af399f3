import { isExpired } from './lifetime.js'
import type { Limits } from './store.js'

/*
 * What passes in a room. A store in this process decides it here; Redis does the same in its scripts.
 */

/** What a room holds. */
export interface Content {
  count: number
  /** the size of all texts in bytes */
  bytes: number
}

/**
 * How many of a room's first messages are gone at `now`. A message is never gone before one that was appended
 * earlier, even if the clock was set back between the two.
 */
export function countPassed (times: Iterable<number>, keep: number, now: number): number {
  let count = 0
  for (const time of times) {
    if (!isExpired(time + keep, now)) break
    count++
  }
  return count
}

/**
 * The messages that must go so that a message of this size fits, the oldest first. If it is larger than a room may
 * be, none of them would help.
 */
export function overflow<Message extends { bytes: number }> (messages: Iterable<Message>, content: Content, bytes: number, limits: Limits): Message[] {
  const going: Message[] = []
  if (bytes > limits.maxBoxBytes) return going
  let left = content
  for (const message of messages) {
    if (left.count < limits.maxMessages && left.bytes + bytes <= limits.maxBoxBytes) break
    left = { count: left.count - 1, bytes: left.bytes - message.bytes }
    going.push(message)
  }
  return going
}

/** A queue of times, oldest first. Removing from its front takes constant time on average. */
export class Times {
  #times: number[] = []
  #start = 0

  get first (): number | undefined {
    return this.#times[this.#start]
  }

  push (time: number): void {
    this.#times.push(time)
  }

  shift (count: number): void {
    this.#start += count
    if (this.#start * 2 < this.#times.length) return
    this.#times = this.#times.slice(this.#start)
    this.#start = 0
  }

  * [Symbol.iterator] (): Generator<number> {
    for (let i = this.#start; i < this.#times.length; i++) yield this.#times[i] as number
  }
}
