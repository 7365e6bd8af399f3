import { constants } from 'node:os'
import { isBoxError, StoreError, StoreFullError } from '../../errors.js'
import { endOfTurn } from '../../end-of-turn.js'
import { withDeadline } from '../with-deadline.js'

const { ENOSPC, EDQUOT, EFBIG, EIO } = constants.errno
const MDB_MAP_FULL = -30792

/** The disk, the quota, the file or the map is full: nothing is broken, and the store continues. */
const NO_ROOM = new Set<unknown>([ENOSPC, EDQUOT, EFBIG, MDB_MAP_FULL])

/** With less than this free, a disk is full: more than a file system keeps to itself, less than anyone runs with. */
const HARDLY_ANY = 16 * 1024 * 1024

/**
 * A commit with this many operations neither waits for more nor accepts more; the next ones are processed
 * while it is flushed. With fewer, another flush costs more than that gains.
 */
const ENOUGH = 16

interface Batch {
  operations: Array<() => unknown>
  results: unknown[]
  refusals: Map<number, unknown>
  /** resolves once the batch is on disk */
  flushed: Promise<void>
}

/**
 * Runs `apply` in one transaction and resolves once it is flushed; if `apply` throws, the transaction is aborted.
 * With `isFull`, it refuses new data.
 */
type Transaction = (apply: () => void, isFull: boolean) => Promise<unknown>

/**
 * Group commit: operations that arrive while a transaction is being flushed wait for the next one and share
 * it, in order of arrival, so that they share the cost of its flush.
 *
 * After a failed flush the content of the disk is unknown, and LMDB may never respond again. So if a
 * transaction fails for any reason other than lack of space, or exceeds the deadline, the store stops: every
 * later operation is refused with `StoreError`.
 */
export class Commits {
  readonly #transaction: Transaction
  readonly #deadline: number
  readonly #onFailure: (error: Error) => void
  readonly #freeSpace: () => number
  #gathering: Batch | undefined
  /** the last batch, settled; never rejects */
  #last: Promise<void> = Promise.resolve()
  #closed = false
  #failure: Error | undefined

  /**
   * @param deadline how long an operation may wait, in ms
   * @param freeSpace how much more the disk can take, in bytes
   */
  constructor (transaction: Transaction, deadline: number, onFailure: (error: Error) => void, freeSpace: () => number) {
    this.#transaction = transaction
    this.#deadline = deadline
    this.#onFailure = onFailure
    this.#freeSpace = freeSpace
  }

  /**
   * Resolves with the result of `operation` once it is flushed. It runs inside a transaction, and not
   * concurrently with others. It may refuse by throwing an error of the error table, provided that it has
   * written nothing yet.
   */
  async run<T> (operation: () => T): Promise<T> {
    this.assertServing()
    const batch = this.#gathering ??= this.#gather()
    const place = batch.operations.push(operation) - 1
    await batch.flushed
    if (batch.refusals.has(place)) throw batch.refusals.get(place)
    return batch.results[place] as T
  }

  /** @throws StoreError after a failure or after `close` */
  assertServing (): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new StoreError()
  }

  get failed (): boolean {
    return this.#failure !== undefined
  }

  /**
   * Resolves once all operations accepted so far have settled.
   * @throws StoreError if that made the store stop
   */
  async settled (): Promise<void> {
    await this.#last
    this.assertServing()
  }

  /** Accepts no more operations, and resolves once the accepted ones have settled. */
  async close (): Promise<void> {
    this.#closed = true
    await this.#last
  }

  #gather (): Batch {
    const batch: Batch = { operations: [], results: [], refusals: new Map(), flushed: Promise.resolve() }
    batch.flushed = withDeadline(this.#commit(batch, this.#last), this.#deadline).catch((error: unknown) => {
      if (!(error instanceof StoreFullError)) this.#fail(error as Error)
      throw error
    })
    this.#last = batch.flushed.catch(() => {})
    return batch
  }

  async #commit (batch: Batch, before: Promise<void>): Promise<void> {
    await before
    await untilQuiet(batch.operations)
    if (this.#failure !== undefined) throw this.#failure
    if (batch.operations.length >= ENOUGH) this.#complete(batch)
    try {
      await this.#attempt(batch, false).catch(async (error: unknown) => {
        if (!this.#isFull(error)) throw error
        // Those that make room must not fail because of those that need it.
        await this.#attempt(batch, true)
      })
    } catch (error) {
      throw this.#isFull(error) ? new StoreFullError({ cause: error }) : new StoreError({ cause: error })
    } finally {
      this.#complete(batch)
    }
  }

  async #attempt (batch: Batch, isFull: boolean): Promise<void> {
    await this.#transaction(() => {
      this.#complete(batch)
      apply(batch)
    }, isFull)
  }

  /** The batch is closed: from here on, the next one collects operations. */
  #complete (batch: Batch): void {
    if (this.#gathering === batch) this.#gathering = undefined
  }

  /**
   * The write that fills the disk is cut short, which LMDB reports as an input/output error. What that
   * transaction wrote counts for nothing, as with any other lack of room, so the store can continue.
   */
  #isFull (error: unknown): boolean {
    const { code } = error as { code?: unknown }
    return NO_ROOM.has(code) || (code === EIO && this.#freeSpace() < HARDLY_ANY)
  }

  #fail (error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#onFailure(error)
  }
}

/** Resolves when a turn of the event loop adds nothing: concurrent operations share a flush. */
async function untilQuiet (operations: unknown[]): Promise<void> {
  for (let before = 0; before < operations.length && operations.length < ENOUGH;) {
    before = operations.length
    await endOfTurn()
  }
}

function apply ({ operations, results, refusals }: Batch): void {
  refusals.clear()
  for (const [place, operation] of operations.entries()) {
    try {
      results[place] = operation()
    } catch (error) {
      // Anything but a refusal may have stopped halfway, so the whole transaction is aborted.
      if (!isBoxError(error)) throw error
      refusals.set(place, error)
    }
  }
}
