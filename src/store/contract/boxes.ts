import assert from 'node:assert/strict'
import type { Limits, NewMessage, Page, Store } from '../store.js'

export const TTL = 80_000

export const limits: Limits = { maxMessages: 5_000, maxBoxBytes: 1024 * 1024 }

/** Times start at the present, because a remote store may compare them with its own clock. */
export const start = Date.now()

let made = 0

/** A name that no other box in this run has. */
export function newDrop (): string {
  return `drop_${process.pid}_${++made}`
}

export function message (text: string, id?: string, digest = `digest of ${text}`): NewMessage {
  return { text, bytes: Buffer.byteLength(text), key: id === undefined ? undefined : { id, digest } }
}

/** An empty box. */
export async function box (store: Store): Promise<string> {
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  return drop
}

/** Takes all messages out of the box. */
export async function drainAll (store: Store, drop: string, now = start): Promise<Page> {
  const page = await store.drain(drop, now)
  if ('needs' in page) throw new assert.AssertionError({ message: 'a drain without a largest size took nothing' })
  return page
}

/** A box with the messages `1`, `2`, … */
export async function filled (store: Store, count: number): Promise<string> {
  const drop = await box(store)
  for (let n = 1; n <= count; n++) await store.append(drop, message(`${n}`), start, limits)
  return drop
}
