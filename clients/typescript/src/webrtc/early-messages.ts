/** How much is kept at most, in bytes and in messages. */
const LIMIT = 1024 * 1024
const MAX_EVENTS = 1024

/**
 * Keeps the messages that arrive on a data channel before anyone can listen: the other side may send as soon
 * as it is connected, which is before this side has its peer.
 */
export class EarlyMessages {
  readonly #channel: RTCDataChannel
  #events: MessageEvent[] = []
  #bytes = 0
  #released = false
  /** called when more arrive than can be kept: a channel that lost some must not continue */
  onFull = (): void => {}

  constructor (channel: RTCDataChannel) {
    this.#channel = channel
    channel.addEventListener('message', this.#keep)
  }

  /** Delivers the messages, in order, at the end of the current step: until then, listeners can be added. */
  release (): void {
    if (this.#released) return
    this.#released = true
    queueMicrotask(() => {
      this.#channel.removeEventListener('message', this.#keep)
      for (const event of this.#events.splice(0)) this.#channel.dispatchEvent(event)
    })
  }

  readonly #keep = (event: MessageEvent): void => {
    const { length, byteLength, size } = event.data as { length?: number, byteLength?: number, size?: number }
    this.#bytes += length ?? byteLength ?? size ?? 0
    if (this.#bytes <= LIMIT && this.#events.length < MAX_EVENTS) this.#events.push(event)
    else {
      this.onFull()
      this.#channel.close()
    }
  }
}
