import type { Database, Key, RootDatabase } from 'lmdb'
import type { BoxRecord } from './box.js'
import { asBytes, numbersIn } from './encoding.js'

/**
 * What is on the disk.
 *
 * | database  | key              | value |
 * | ---       | ---              | --- |
 * | (root)    | `format`         | the number of this layout |
 * |           | `totals`         | what everything counts against the size limit, in bytes; the place of the last message; the first place whose box's record may lag; the number of transactions, which earlier versions neither write nor read |
 * | boxes     | drop             | the box with the places of its last messages, possibly in an earlier state (see lag.ts) |
 * | places    | [drop, chunk]    | the places of `CHUNK` messages before those |
 * | messages  | place            | `deadline drop text`: the box's deadline from then on, and the JSON text; in a room, `deadline,time drop text` |
 * | keys      | [drop, id]       | the first ack: `seq count digest` |
 * |           | [drop, n]        | the id of the box's n-th key |
 * | holders   | [holder, `born`] | the drop address of a box that counts against the holder |
 * | deadlines | [`listed`, drop] | nothing; boxes by when the sweep has something to do for them |
 *
 * A message's place is its number among all messages ever stored here. So messages stored at the
 * same time are adjacent, whatever their boxes, and a flush writes few but full pages. A box keeps
 * the places of its messages in chunks by sequence number, the last chunk in the box itself, so
 * storing a message costs the same however many the box holds.
 */
export const FORMAT = 7
/** The layout before there were rooms: the same without them. */
const WITHOUT_ROOMS = 6

export interface Databases {
  boxes: Database<BoxRecord, string>
  places: Database<number[], Key>
  messages: Database<string, number>
  keys: Database<string, Key>
  deadlines: Database<Buffer, Key>
  holders: Database<string, Key>
}

export function openDatabases (root: RootDatabase<Buffer, string>): Databases {
  return {
    boxes: root.openDB({ name: 'boxes', encoding: 'msgpack' }),
    places: root.openDB({ name: 'places', encoding: 'msgpack' }),
    messages: root.openDB({ name: 'messages', encoding: 'string' }),
    keys: root.openDB({ name: 'keys', encoding: 'string' }),
    deadlines: root.openDB({ name: 'deadlines', encoding: 'binary' }),
    holders: root.openDB({ name: 'holders', encoding: 'string' })
  }
}

/**
 * The number of the layout; undefined in an empty file.
 * @throws Error if this program cannot read it
 */
export function readFormat (root: RootDatabase<Buffer, string>): number | undefined {
  const bytes = root.getBinaryFast('format')
  if (bytes === undefined) return undefined
  const [format = 0] = numbersIn(bytes)
  if (format === FORMAT || format === WITHOUT_ROOMS) return format
  throw new Error(`${format > FORMAT ? 'a newer' : 'an older'} version of signalbox wrote it, in layout ${format} (this one reads ${WITHOUT_ROOMS} and ${FORMAT}). Use that version`)
}

/** Marks a file that is new or has no rooms yet with the number of this layout. */
export function markFormat (root: RootDatabase<Buffer, string>): void {
  if (readFormat(root) !== FORMAT) root.putSync('format', asBytes([FORMAT]))
}

export function readTotals (root: RootDatabase<Buffer, string>): { cost: number, lastPlace: number, from: number, transactions: number } {
  const totals = root.getBinaryFast('totals')
  const [cost = 0, lastPlace = 0, from = 1, transactions = 0] = totals === undefined ? [] : numbersIn(totals)
  return { cost, lastPlace, from, transactions }
}
