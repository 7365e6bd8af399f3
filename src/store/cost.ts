/** What things take of a store's total cap, in bytes: this is what is counted, and as near as can be what is used. */
export interface Costs {
  /** an empty box */
  box: number
  /** what it takes to know a holder: in memory once, on disk for each of the holder's boxes */
  holder: number
  /** what a box takes once more while it holds any message */
  list: number
  /** @param bytes the length of the text as UTF-8 */
  message (bytes: number): number
  /** an idempotency key that is remembered */
  key (id: string): number
}

/** V8 gives an object room in words. */
const words = (bytes: number): number => Math.ceil(bytes / 8) * 8

/**
 * On V8's heap. The flat parts are measured (test/store/memory-cost.test.ts): objects, strings,
 * and what maps and lists keep free to grow into.
 */
export const memoryCosts: Costs = {
  box: 300,
  holder: 152,
  list: 104,
  message: bytes => 26 + words(bytes),
  key: id => 180 + words(id.length)
}

const PAGE = 4096
/** The longest record that LMDB puts on a page beside others; a longer one has pages of its own. */
const LONGEST = 2038
/** What a message's record has beside the text: LMDB's header, the key, the deadline and the drop address. */
const RECORD = 70

/** In LMDB's file, where pages are half to fully used. */
export const diskCosts: Costs = {
  box: 256,
  holder: 96,
  list: 0,
  message: bytes => RECORD + (RECORD + bytes <= LONGEST ? bytes : Math.ceil((RECORD + bytes) / PAGE) * PAGE),
  key: id => 192 + 2 * id.length
}

/** The caps where the user sets none. */
export const MEMORY_CAP = 256 * 1024 * 1024
export const DISK_CAP = 4 * 1024 * 1024 * 1024
