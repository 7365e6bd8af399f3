import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'

/*
 * LMDB's lock file has the number of the last transaction, from which the next one starts. Every process that opens the
 * store, even one that only reads it, sets this number to what it found in the data file a moment before (`mdb_env_open2`
 * in the LMDB of lmdb 3.5). If the server has committed in between, the number goes back, and LMDB would undo that commit
 * with the next one, without an error. The data file still has it until then.
 */

/** Another process has set LMDB to another transaction than the last. Nothing has been written, so nothing is lost yet. */
export class SetBackError extends Error {
  /** the number of the last transaction in the data file */
  readonly last: number

  constructor (last: number) {
    super('other processes that open the store keep setting LMDB back')
    this.last = last
  }
}

/**
 * To be called at the beginning of each transaction.
 * @throws SetBackError if it does not start from the last one in the data file
 */
export function assertLatest (root: RootDatabase<Buffer, string>): void {
  const last = lastTransaction(root)
  if (root.getWriteTxnId() !== last + 1) throw new SetBackError(last)
}

/** The number of the last transaction in the data file. */
export function lastTransaction (root: RootDatabase<Buffer, string>): number {
  return (root.getStats() as { lastTxnId: number }).lastTxnId
}

/** Where the lock file has the number, after four bytes each of a magic number and a format: 8 bytes in the machine's order. */
const NUMBER_AT = 8

/** How many times in a row a transaction may be set back. Each time takes another process that was about to open the store. */
const MOST = 100

/** The lock file of a store that LMDB has open in this process. */
export class LockFile {
  #fd: number | undefined

  constructor (directory: string) {
    this.#fd = openSync(join(directory, 'lock.mdb'), 'r+')
  }

  /**
   * Runs a transaction until it starts from the last one. Only for the process that writes.
   * @throws SetBackError if others set LMDB back each time, or the file has been closed
   */
  async onLatest (transaction: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await transaction()
      } catch (error) {
        if (!(error instanceof SetBackError) || tries === MOST || this.#fd === undefined) throw error
        const number = new BigUint64Array([BigInt(error.last)])
        writeSync(this.#fd, number, 0, number.byteLength, NUMBER_AT)
      }
    }
  }

  /** Only after LMDB has closed the store: closing any descriptor of a file releases all locks of the process on it. */
  close (): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
