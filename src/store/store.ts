/**
 * The contract of a store: the operations on a box, each one atomic step. `fastify-signalbox/store-contract`
 * exports a test suite that every store must pass.
 *
 * A box is keyed by its drop address; a store never sees a box id. A message is JSON text, stored and
 * returned unchanged. Times are in ms since the Unix epoch and durations in ms; the caller passes the current
 * time, so a store has no clock of its own.
 *
 * Every operation on a box
 * - decides expiry against `now`: a box whose deadline is at or before `now` does not exist, whether or not
 *   it has been swept;
 * - renews the box's idle lifetime (see `renewedDeadline`);
 * - rejects with `NotFoundError` if the box does not exist, with `BusyError` if the store has too much to do, and
 *   with `StoreError` if it does not respond in time. After a rejection no effect of the operation is visible,
 *   unless the store's own documentation says otherwise.
 *
 * A durable store resolves a write only once it survives a crash of the process and of the machine.
 */
export interface Store {
  /** The store's name in logs and metrics. */
  readonly name: string

  /**
   * Creates an empty box. If a holder is given, the box and everything ever stored in it count against that
   * holder's limits for as long as the box exists, no matter who stores in it.
   *
   * A box that is already there is replaced in the same step, with its messages and keys, whether or not it has
   * expired. Until then it counts against the limits, so the store must have space for both; if the new box is
   * refused, the old one stays as it was. (The plugin creates boxes only under new random ids, and opens those
   * whose ids clients have chosen.)
   * @param drop the drop address
   * @param ttl the idle lifetime in ms
   * @param holder a short name, which the box keeps
   * @param keep makes the box a room: each message expires `keep` ms after it was appended, once those before it
   * have, and a full room drops its oldest messages. What has expired or was dropped counts against no limit
   * @throws StoreFullError if the box would exceed the store's size limit
   * @throws HeldError if the box would exceed what the holder may hold
   */
  create (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<void>

  /**
   * Creates an empty box like `create`, unless it exists: an existing box is only renewed, whatever the limits, and
   * keeps its messages and settings. Of callers at the same time, one creates the box.
   * @throws StoreFullError, HeldError as `create` does, if the box does not exist
   */
  open (drop: string, ttl: number, now: number, limits: Limits, holder?: string, keep?: number): Promise<Opened>

  /**
   * Appends a message with the box's next sequence number, or refuses it. If the key is among the box's last
   * `MAX_KEYS` keys, nothing is stored: with the same digest, the first result is returned again, before any
   * limit is checked. A full room drops its oldest messages until there is space for this one, and none if it refuses it.
   * @throws FullError if the box has reached `maxMessages` or `maxBoxBytes`; in a room, if the message alone is larger
   * @throws HeldError if the box's holder would exceed its limits
   * @throws StoreFullError if the store would exceed its size limit
   * @throws IdempotencyError if the key is known with another digest
   */
  append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended>

  /**
   * Reads up to `limit` messages after the cursor and leaves them in the box. With a limit of 0 it reads none,
   * and only renews the box.
   * @throws CursorError if `after` is beyond the box's last sequence number
   */
  read (drop: string, after: number, limit: number, now: number): Promise<Page>

  /**
   * Deletes the messages up to and including the cursor. Idempotent: a cursor below an earlier one changes
   * nothing.
   * @returns the number of messages left
   * @throws CursorError if `after` is beyond the box's last sequence number
   */
  acknowledge (drop: string, after: number, now: number): Promise<number>

  /**
   * Takes all messages out of the box, or none if they are larger than the caller has room for. The page's
   * `next` is the box's last sequence number, or 0 if there never was a message.
   * @param most the largest size: the bytes of the texts, and one more for each; unlimited if absent
   */
  drain (drop: string, now: number, most?: number): Promise<Drained>

  /** Deletes the box with its messages and notifies its subscribers. */
  delete (drop: string, now: number): Promise<void>

  /**
   * Calls `listener` whenever a message is stored in the box or the box is deleted, by any process. Resolves
   * once no later change can be missed. A call may come without a change (after a lost connection is restored),
   * so the listener must check for itself. The box need not exist, and expiry causes no call.
   * @returns a function that ends the subscription
   */
  subscribe (drop: string, listener: () => void): Promise<Unsubscribe>

  /**
   * Frees the space of expired boxes, and of messages that have expired, in one step of bounded work. It only reclaims
   * space: callers that get `StoreFullError` or `HeldError` sweep and retry as long as something is freed, so no result
   * depends on when this is called.
   * @returns the number of boxes and messages freed; 0 means that no more are due
   */
  sweep (now: number): Promise<number>

  /**
   * Calls `listener` once with the drop address of each box that has expired, when its space has been freed: by a sweep,
   * or by an operation that finds it expired. If absent, nobody is told. (Redis frees expired boxes itself.)
   * @returns a function that ends it
   */
  watchExpiry? (listener: (drop: string) => void): Unsubscribe

  /**
   * Resolves if the store can serve.
   * @throws StoreError if it cannot
   */
  check (): Promise<void>

  /**
   * Finishes accepted operations and releases all resources. Idempotent. Afterwards, every operation rejects
   * with `StoreError`.
   */
  close (): Promise<void>

  /** A counter shared by all processes; if absent, each process counts on its own. */
  readonly counter?: SharedCounter
}

/**
 * A counter of events in fixed windows of time, shared by all processes of a store. A key's window begins with its
 * first count and ends `window` ms later.
 */
export interface SharedCounter {
  /**
   * Adds one to the key's count in the current window.
   * @param window the length of a window that begins now, in ms
   * @returns the count, and what is left of the window (`ttl`) in ms
   */
  increment (key: string, window: number): Promise<{ current: number, ttl: number }>
}

/** The limits that an operation must respect. */
export interface Limits {
  /** the maximum number of messages in a box */
  maxMessages: number
  /** the maximum total size of the JSON texts in a box, in bytes of UTF-8 */
  maxBoxBytes: number
  /** the total size of the store, in bytes as the store itself counts them; the store's own default if absent */
  maxStoreBytes?: number | undefined
  /** what one holder may hold at a time; unlimited if absent */
  held?: Held | undefined
}

/** What one holder may hold at a time. */
export interface Held {
  /** the number of existing boxes */
  boxes: number
  /** the size of those boxes with their content, in bytes as for `maxStoreBytes` */
  bytes: number
}

/** A message to append. */
export interface NewMessage {
  /** JSON text */
  text: string
  /** the length of `text` in bytes of UTF-8 */
  bytes: number
  /** the client's Idempotency-Key, and a digest of the body it came with */
  key?: { id: string, digest: string } | undefined
}

/** The result of an open. */
export interface Opened {
  /** whether the box was created */
  created: boolean
  /** when the box expires if it is not used again, in ms since the epoch */
  expires: number
}

/** The result of an append. */
export interface Appended {
  /** the message's sequence number */
  seq: number
  /** the number of messages in the box, including this one */
  count: number
}

/** Consecutive messages of a box. */
export interface Page {
  /**
   * JSON texts, oldest first. Messages leave a box only from its front, so their sequence numbers have no
   * gap: `texts[i]` has the number `next - texts.length + 1 + i`.
   */
  texts: string[]
  /** the sequence number of the last text; without texts, the requested cursor */
  next: number
  /** when the box expires if it is not used again, in ms since the epoch */
  expires: number
  /** in a room, for how long it keeps a message, in ms; absent otherwise */
  keep?: number
}

/**
 * The result of a drain: all messages of the box, or, if their size exceeds `most`, only that size, with the
 * messages still in the box.
 */
export type Drained = Page | { needs: number }

/** Ends a subscription. */
export type Unsubscribe = () => void

/** How many idempotency keys a box remembers: the most recent ones. */
export const MAX_KEYS = 1024
