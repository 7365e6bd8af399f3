import type { Database, Key } from 'lmdb'
import { StoreFullError } from '../../errors.js'

const MIB = 1024 * 1024
/** What new data never gets: a quarter of the file, within these bounds. Freeing changes at most a part of the pages. */
const LEAST = MIB / 4
const MOST = 32 * MIB
/** With this much free, nobody needs to know how much of the file is unused. */
const PLENTY = 256 * MIB
/** What an operation takes besides its data: new copies of about four pages, until the transaction after it. */
const COPIES = 4 * 4096

/**
 * Keeps the last of the disk for what makes room. LMDB changes no page in place, so even a delete needs pages: some
 * that are unused in the file, or new ones at its end. On a disk filled to the last page, nothing could ever be freed.
 */
export class Space {
  readonly #databases: Array<Database<unknown, Key>>
  readonly #freeSpace: () => number
  /** how much new data the current transaction may still add, in bytes */
  #left = Infinity

  /**
   * @param databases all of the environment, except the root
   * @param freeSpace how much more the disk can take, in bytes
   */
  constructor (databases: Array<Database<any, any>>, freeSpace: () => number) {
    this.#databases = databases
    this.#freeSpace = freeSpace
  }

  /** Refuses all new data in the current transaction. */
  close (): void {
    this.#left = 0
  }

  /** To be called in each transaction before it changes anything, unless it calls `close`. */
  measure (): void {
    const free = this.#freeSpace()
    if (free >= PLENTY) {
      this.#left = free - MOST
      return
    }
    const { file, unused } = this.#usage()
    this.#left = free + unused - Math.min(Math.max(LEAST, file / 4), MOST)
  }

  /**
   * To be called before adding data.
   * @throws StoreFullError if that would leave too little to make room with
   */
  claim (bytes: number): void {
    const needed = bytes + COPIES
    if (needed > this.#left) throw new StoreFullError()
    this.#left -= needed
  }

  /** The size of the file and of the pages in it that hold nothing, in bytes. */
  #usage (): { file: number, unused: number } {
    const all = this.#databases.map(database => database.getStats() as Statistics)
    const { root, free, lastPageNumber } = all[0] as Statistics
    const pages = lastPageNumber + 1
    const used = [root, free, ...all].reduce((sum, tree) => sum + pagesOf(tree), META_PAGES)
    return { file: pages * root.pageSize, unused: (pages - used) * root.pageSize }
  }
}

const META_PAGES = 2

interface Tree {
  pageSize: number
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

interface Statistics extends Tree {
  root: Tree
  free: Tree
  lastPageNumber: number
}

function pagesOf ({ treeBranchPageCount, treeLeafPageCount, overflowPages }: Tree): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}
