import { CursorError, FullError, HeldError, IdempotencyError, NotFoundError, StoreFullError } from '../errors.js'
import { isExpired, renewedDeadline } from './lifetime.js'
import type { Appended, Limits, NewMessage } from './store.js'

/*
 * What a store in this process decides before it changes anything. A store looks up only what is required here.
 * Redis makes the same decisions in its scripts.
 */

/** What a box remembers of an idempotency key. */
export interface FirstAck extends Appended {
  digest: string
}

/** What a holder holds. */
export interface Holding {
  boxes: number
  bytes: number
}

/** What the store holds, and what would be added to it. */
export interface Growth {
  /** what the box's holder holds; undefined if the box has no holder */
  holding: Holding | undefined
  /** what would be added to the holding's bytes */
  heldCost: number
  /** what the store holds */
  storeBytes: number
  /** what would be added to `storeBytes` */
  storeCost: number
}

/** Limits that include the store's own default. */
export type ResolvedLimits = Limits & { maxStoreBytes: number }

/** A box that a message would be added to, and what would be added. */
export interface MessageGrowth extends Growth {
  /** what the box remembers of the message's idempotency key */
  first: FirstAck | undefined
  /** messages in the box */
  count: number
  /** bytes of the texts in the box */
  bytes: number
}

/** The holding of a holder that has no box yet. */
export const NO_HOLDING: Readonly<Holding> = { boxes: 0, bytes: 0 }

/** @throws NotFoundError if the box does not exist or has expired */
export function live<Box extends { deadline: number }> (box: Box | undefined, now: number): Box {
  if (box === undefined || isExpired(box.deadline, now)) throw new NotFoundError()
  return box
}

/** Renews the box's lifetime for a use at `now`, and tells whether that changed the box. Only a use that succeeds renews. */
export function renew (box: { ttl: number, deadline: number }, now: number): boolean {
  const deadline = renewedDeadline(box.deadline, box.ttl, now)
  if (deadline === box.deadline) return false
  box.deadline = deadline
  return true
}

/** @throws CursorError if the cursor is ahead of the box */
export function checkCursor (after: number, { last }: { last: number }): void {
  if (after > last) throw new CursorError()
}

export function resolveLimits (limits: Limits, defaultCap: number): ResolvedLimits {
  return { ...limits, maxStoreBytes: limits.maxStoreBytes ?? defaultCap }
}

/** @throws HeldError, StoreFullError if there is no room for another box */
export function admitBox (limits: ResolvedLimits, growth: Growth): void {
  checkSpace(limits, growth, 1)
}

/**
 * The first ack if the message's key was used before: nothing is stored then, whatever the limits. Undefined if
 * the message may be stored.
 * @throws IdempotencyError, FullError, HeldError, StoreFullError
 */
export function admitMessage ({ bytes, key }: NewMessage, limits: ResolvedLimits, growth: MessageGrowth): Appended | undefined {
  const { first } = growth
  if (first !== undefined) {
    if (first.digest !== key?.digest) throw new IdempotencyError()
    return { seq: first.seq, count: first.count }
  }
  if (growth.count >= limits.maxMessages || growth.bytes + bytes > limits.maxBoxBytes) throw new FullError()
  checkSpace(limits, growth, 0)
  return undefined
}

function checkSpace ({ held, maxStoreBytes }: ResolvedLimits, { holding, heldCost, storeBytes, storeCost }: Growth, boxes: number): void {
  if (held !== undefined && holding !== undefined && (holding.boxes + boxes > held.boxes || holding.bytes + heldCost > held.bytes)) throw new HeldError()
  if (storeBytes + storeCost > maxStoreBytes) throw new StoreFullError()
}
