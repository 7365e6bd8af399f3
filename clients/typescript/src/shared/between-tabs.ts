import { capability } from '../address.js'
import type { Message } from '../follow.js'

/** What a tab asks of the leading tab; a reader has a number in its tab. */
export type Asked =
  | { type: 'add', tab: string, reader: number, box: string, after: number }
  | { type: 'remove', tab: string, reader: number }
  | { type: 'ping' }

interface ToReader { to: string, reader: number }

/** What the leading tab tells a reader of another tab. */
export type Told =
  | ToReader & { type: 'messages', messages: Message[], after: number, length: number }
  | ToReader & { type: 'fail', status: number, code: string | undefined, detail: string, retryAfter: number }
  | ToReader & { type: 'detach' }

/** What the leading tab tells all others: that it leads from now on, or that it is there. */
export type Announced = { type: 'lead' } | { type: 'here' }

export type BetweenTabs = Asked | Told | Announced

/**
 * The channel and the locks of the tabs that share streams of a server. Tabs may have different releases of this package:
 * if what is said between tabs changes, so does the number, and they do not hear each other.
 */
export const nameFor = (server: string): string => `signalbox streams 2 ${server}`

/** How deep messages may be nested; browsers copy somewhat more between tabs, but not all that they can parse. */
const MAX_DEPTH = 500

export function canCopy (messages: Message[]): boolean {
  let level: unknown[] = messages
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    level = level.flatMap(value => typeof value === 'object' && value !== null ? Object.values(value) : [])
  }
  return level.length === 0
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && value as number >= 0
const isMessage = (value: unknown): boolean => isCount(Object(value).seq)

/** Whether it was said by a tab. Any page of the origin can post to the channel, and one odd box would spoil the list. */
export function isSaid (data: unknown): data is BetweenTabs {
  const { type, tab, to, reader, box, after, messages, length, status, retryAfter } = Object(data)
  if (type === 'ping' || type === 'lead' || type === 'here') return true
  if (typeof (tab ?? to) !== 'string' || !isCount(reader)) return false
  if (type === 'add') return typeof box === 'string' && capability.test(box) && isCount(after)
  if (type === 'messages') return Array.isArray(messages) && messages.every(isMessage) && isCount(after) && isCount(length)
  return type === 'fail' ? isCount(status) && isCount(retryAfter) : type === 'remove' || type === 'detach'
}
