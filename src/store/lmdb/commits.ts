import { constants } from 'node:os'
import { isRefusal, StoreError, StoreFullError } from '../../errors.js'
import { endOfTurn } from '../../end-of-turn.js'
import { withDeadline } from '../with-deadline.js'

const { ENOSPC, EDQUOT, EFBIG } = constants.errno
const MDB_MAP_FULL = -30792

/** No room on the disk, in the quota, in the file or in the map: nothing is broken, and the store goes on. */
const NO_ROOM = new Set<unknown>([ENOSPC, EDQUOT, EFBIG, MDB_MAP_FULL])

/**
 * A commit with so many operations neither waits for more nor takes more: the next ones are worked
 * on while it is flushed. With fewer, a flush costs more than that wins.
 */
const ENOUGH = 16

interface Batch {
  operations: Array<() => unknown>
  results: unknown[]
  refusals: Map<number, unknown>
  /** resolves once the batch is on the disk */
  flushed: Promise<void>
}

/** Runs `apply` in one transaction and resolves once it is flushed; where `apply` throws, nothing of it stays. */
type Transaction = (apply: () => void) => Promise<unknown>

/**
 * Group commit: the operations that come while a transaction is being flushed wait for the next
 * one and share it, in the order they came. So the cost of a flush is split by all who wait.
 *
 * After a failed flush nobody knows what the disk holds, and LMDB may never answer again. So a
 * transaction that fails for any other reason than room, or that is not through within the
 * deadline, ends the service: every later operation is refused with `StoreError`.
 */
export class Commits {
  readonly #transaction: Transaction
  readonly #deadline: number
  readonly #onFailure: (error: Error) => void
  #gathering: Batch | undefined
  /** the last batch, settled; never rejects */
  #last: Promise<void> = Promise.resolve()
  #closed = false
  #failure: Error | undefined

  /** @param deadline ms that an operation waits at most */
  constructor (transaction: Transaction, deadline: number, onFailure: (error: Error) => void) {
    this.#transaction = transaction
    this.#deadline = deadline
    this.#onFailure = onFailure
  }

  /**
   * What `operation` returns, once it is flushed. It runs inside a transaction, alone. It may
   * refuse by throwing an error of the error table, as long as it has written nothing by then.
   */
  async run<T> (operation: () => T): Promise<T> {
    this.assertServing()
    const batch = this.#gathering ??= this.#gather()
    const place = batch.operations.push(operation) - 1
    await batch.flushed
    if (batch.refusals.has(place)) throw batch.refusals.get(place)
    return batch.results[place] as T
  }

  /** @throws StoreError after a failure and after `close` */
  assertServing (): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new StoreError()
  }

  get failed (): boolean {
    return this.#failure !== undefined
  }

  /**
   * Resolves once all that was taken so far has settled.
   * @throws StoreError when that ended the service
   */
  async settled (): Promise<void> {
    await this.#last
    this.assertServing()
  }

  /** Takes no more operations, and resolves once those it took have settled. */
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
      await this.#transaction(() => {
        this.#complete(batch)
        apply(batch)
      })
    } catch (error) {
      throw toStoreError(error)
    } finally {
      this.#complete(batch)
    }
  }

  /** It takes no more: from here on the next batch gathers. */
  #complete (batch: Batch): void {
    if (this.#gathering === batch) this.#gathering = undefined
  }

  #fail (error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#onFailure(error)
  }
}

/** Resolves once a turn of the event loop brings no more: what comes at the same time shares a flush. */
async function untilQuiet (operations: unknown[]): Promise<void> {
  for (let before = 0; before < operations.length && operations.length < ENOUGH;) {
    before = operations.length
    await endOfTurn()
  }
}

function apply ({ operations, results, refusals }: Batch): void {
  for (const [place, operation] of operations.entries()) {
    try {
      results[place] = operation()
    } catch (error) {
      // Anything but a refusal may have come half way: the whole transaction goes.
      if (!isRefusal(error)) throw error
      refusals.set(place, error)
    }
  }
}

function toStoreError (cause: unknown): Error {
  const full = NO_ROOM.has((cause as { code?: unknown }).code)
  return Object.assign(full ? new StoreFullError() : new StoreError(), { cause })
}
