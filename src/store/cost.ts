/** How much things count against a store's size limit, in bytes: as close as possible to what they really use. */
interface Costs {
  /** an empty box */
  box: number
  /** @param bytes the length of the text in bytes of UTF-8 */
  message (bytes: number): number
  /** a remembered idempotency key */
  key (id: string): number
}

interface MemoryCosts extends Costs {
  /** a holder, however many boxes it has */
  holder: number
  /** what a box takes in addition while it holds messages */
  list: number
  /** what a room takes in addition, and for the time of each of its messages */
  room: number
  time: number
}

interface DiskCosts extends Costs {
  /** what a box takes in addition if it has a holder */
  ownership: number
}

/** V8 allocates in words of eight bytes. */
const inWords = (bytes: number): number => Math.ceil(bytes / 8) * 8

/**
 * On V8's heap. The constants are measured (test/store/memory-cost.test.ts): objects, strings, and the spare
 * capacity of maps and lists.
 */
export const memoryCosts: MemoryCosts = {
  box: 300,
  holder: 152,
  list: 104,
  room: 272,
  time: 9,
  message: bytes => 26 + inWords(bytes),
  key: id => 180 + inWords(id.length)
}

const PAGE = 4096
/** The longest record that LMDB stores on a page with others; a longer one gets pages of its own. */
const LONGEST = 2038
/** What a message's record contains besides the text: LMDB's header, the key, the deadline and the drop address. */
const RECORD = 70

/** In LMDB's file, where pages are between half full and full. */
export const diskCosts: DiskCosts = {
  box: 256,
  ownership: 96,
  message: bytes => RECORD + (RECORD + bytes <= LONGEST ? bytes : Math.ceil((RECORD + bytes) / PAGE) * PAGE),
  key: id => 192 + 2 * id.length
}

/** The default size limits. */
export const MEMORY_CAP = 256 * 1024 * 1024
export const DISK_CAP = 4 * 1024 * 1024 * 1024
