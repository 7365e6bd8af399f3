/**
 * The contract of a store: the box's operations, each one atomic step.
 *
 * A box is keyed by its drop address; no store ever sees a box id. A message is
 * JSON text, kept and given back to the letter. Times are milliseconds since the
 * epoch, handed in by the caller, so that a store has no clock of its own.
 *
 * Every operation on a box
 * - decides expiry against `now`: a box whose deadline is at or before `now` is
 *   unknown, whether or not it was swept;
 * - renews the idle lifetime (see `renewedDeadline` in lifetime.ts);
 * - rejects with `NotFoundError` for an unknown box, and with `StoreError` when
 *   the store does not answer in time. After a rejection nothing of the operation
 *   is visible, unless the store's own page says otherwise.
 *
 * A durable store resolves a write only once it survives a crash of the process
 * and of the machine.
 */
export interface Store {
  /** What the store is called in logs and metrics. */
  readonly name: string

  /**
   * Makes an empty box. Where a holder is given, the box with all that it comes to hold counts
   * against that holder's bounds for as long as it exists, whoever stores in it.
   * @param holder a short name, which the box keeps
   * @throws StoreFullError when its cost would pass the store's total cap
   * @throws HeldError when it would pass what the holder may hold
   */
  create (drop: string, ttl: number, now: number, limits: Limits, holder?: string): Promise<void>

  /**
   * Puts one message in, as the box's next sequence number, or refuses. A key
   * seen before among the box's last `MAX_KEYS` keys stores nothing: the same
   * digest answers the first result again, before any limit is looked at.
   * @throws FullError, HeldError, StoreFullError, IdempotencyError (key known, other digest)
   */
  append (drop: string, message: NewMessage, now: number, limits: Limits): Promise<Appended>

  /**
   * Looks at up to `limit` messages after the cursor, without taking them.
   * @throws CursorError when `after` is beyond the box's last number
   */
  read (drop: string, after: number, limit: number, now: number): Promise<Page>

  /**
   * Forgets the messages up to and including the cursor. Idempotent: a cursor
   * below an earlier one changes nothing.
   * @returns how many messages are left
   * @throws CursorError when `after` is beyond the box's last number
   */
  acknowledge (drop: string, after: number, now: number): Promise<number>

  /** Takes everything out. `next` is the box's last number, 0 where there never was one. */
  drain (drop: string, now: number): Promise<Page>

  /** Removes the box with its messages and tells its subscribers that it is gone. */
  delete (drop: string, now: number): Promise<void>

  /**
   * Calls `listener` whenever a message was stored in the box or the box was
   * deleted, by whichever process. It resolves once no later change can be
   * missed. A wake-up may come without a change (a lost connection was restored):
   * the listener looks for itself. The box need not exist, and expiry wakes nobody.
   */
  subscribe (drop: string, listener: () => void): Promise<Unsubscribe>

  /**
   * Frees the room of expired boxes, in one step of bounded work. It only reclaims
   * space. Whoever meets `StoreFullError` or `HeldError` sweeps and tries again for as long as
   * there is something to free, so that no answer depends on when it is called.
   * @returns how many boxes it freed; 0 means that no more are due
   */
  sweep (now: number): Promise<number>

  /** Resolves when the store can serve, rejects with `StoreError` when it can not. */
  check (): Promise<void>

  /** Finishes what was accepted and lets go of every resource. Idempotent. */
  close (): Promise<void>

  /** Counts events under a key in a window all processes share; where absent, each process counts for itself. */
  readonly counter?: SharedCounter
}

export interface SharedCounter {
  /** Adds one to the key's count in its window of `window` ms; `ttl` is what is left of that window, in ms. */
  increment (key: string, window: number): Promise<{ current: number, ttl: number }>
}

export interface Limits {
  /** messages in one box */
  maxMessages: number
  /** bytes of JSON text in one box, as UTF-8 */
  maxBoxBytes: number
  /** bytes of the whole store, as cost.ts counts them; the store's own default where absent */
  maxStoreBytes?: number | undefined
  /** what one holder may hold at a time; without bounds where absent */
  held?: Held | undefined
}

export interface Held {
  /** boxes that exist */
  boxes: number
  /** what those boxes and all that is in them cost, as for `maxStoreBytes` */
  bytes: number
}

export interface NewMessage {
  /** JSON text */
  text: string
  /** the length of `text` as UTF-8 */
  bytes: number
  /** the client's Idempotency-Key, with a digest of the body it came with */
  key?: { id: string, digest: string } | undefined
}

export interface Appended {
  /** the message's sequence number */
  seq: number
  /** messages in the box, this one among them */
  count: number
}

export interface Page {
  /**
   * JSON texts, oldest first. Messages leave a box only from its front, so the
   * numbers are without a gap and `texts[i]` has `next - texts.length + 1 + i`.
   */
  texts: string[]
  /** the number of the last text, or the cursor that was asked for where there is none */
  next: number
  /** when the box goes if it is not used again */
  expires: number
}

export type Unsubscribe = () => void

/** How many idempotency keys a box remembers, the latest ones. */
export const MAX_KEYS = 1024
