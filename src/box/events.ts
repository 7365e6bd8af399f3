import { labelOf } from './label.js'

/** A box was created. */
export interface CreatedEvent {
  /** names the box and opens nothing: see `Boxes.labelOf` */
  label: string
  /** when it expires unless it is used before then */
  expires: Date
}

/** A message was stored. */
export interface StoredEvent {
  /** names the box and opens nothing */
  label: string
  /** the sequence number of the message; the same again if the message was a retry with the same idempotency key */
  seq: number
  /** the number of messages in the box when it was stored */
  count: number
}

/** A box is gone, with its messages. */
export interface GoneEvent {
  /** names the box and opens nothing */
  label: string
  reason: 'deleted' | 'expired'
}

/** What happens to boxes, by the name of the event. */
export interface BoxEvents {
  created: CreatedEvent
  stored: StoredEvent
  gone: GoneEvent
}

type Listener<Name extends keyof BoxEvents> = (event: BoxEvents[Name]) => unknown

/** The listeners of what happens to boxes. No event contains a capability. */
export class Events {
  /** called with what a listener throws or rejects with */
  onError: (error: unknown) => void = () => {}
  readonly #listeners: { [Name in keyof BoxEvents]: Set<Listener<Name>> } = { created: new Set(), stored: new Set(), gone: new Set() }

  /** @returns a function that ends it */
  on<Name extends keyof BoxEvents> (name: Name, listener: Listener<Name>): () => void {
    // The same function may be registered twice.
    const own: Listener<Name> = event => listener(event)
    const listeners = this.#listeners[name]
    listeners.add(own)
    return () => { listeners.delete(own) }
  }

  /** Whether anybody listens: otherwise, nothing needs to be computed. */
  hears (name: keyof BoxEvents): boolean {
    return this.#listeners[name].size > 0
  }

  /** Calls the listeners. Whatever they do, the operation has succeeded. */
  tell<Name extends keyof BoxEvents> (name: Name, drop: string, details: Omit<BoxEvents[Name], 'label'>): void {
    if (!this.hears(name)) return
    const label = labelOf(drop)
    for (const listener of [...this.#listeners[name]]) void this.#call(listener, { label, ...details } as BoxEvents[Name])
  }

  async #call<Event> (listener: (event: Event) => unknown, event: Event): Promise<void> {
    try {
      await listener(event)
    } catch (error) {
      this.onError(error)
    }
  }
}
