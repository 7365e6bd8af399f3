import { accessSync, chownSync, constants, existsSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { loadOptional } from '../../../optional.js'
import { announceReader } from '../announced-readers.js'
import { lastTransaction, SetBackError } from '../latest.js'
import { readTotals } from '../layout.js'
import { checkHeader, OPTIONS } from '../open.js'

/** A store that is opened only to read it. */
export interface Snapshot {
  root: RootDatabase<Buffer, string>
  close: () => Promise<void>
}

/**
 * Opens the store in a directory, whether or not a server has it open. LMDB then leaves all pages as they are that
 * the snapshot consists of, so the store's file grows while it is read.
 * @throws Error if there is no store, or this process may not take part in LMDB's locking
 */
export async function openStoreSnapshot (path: string): Promise<Snapshot> {
  if (!existsSync(join(path, 'data.mdb'))) throw new Error(`'${path}' contains no store. Pass the --store of the server`)
  const directory = realpathSync(path)
  const file = join(directory, 'data.mdb')
  const lock = join(directory, 'lock.mdb')
  checkHeader(file, 'r')
  // Where LMDB may not write the lock, it reads without one, and a server would overwrite what is being read.
  const isNew = !existsSync(lock)
  accessSync(isNew ? directory : lock, constants.W_OK)
  const retract = announceReader(directory)
  try {
    const root = await openToRead(directory, false)
    if (isNew) shareWithOwner(lock, file)
    return { root, close: once(() => root.close().finally(retract)) }
  } catch (error) {
    retract()
    throw error
  }
}

/**
 * The number of transactions up to the last one in the data file.
 * @throws SetBackError if another process has set LMDB back
 */
export async function transactionsOf (root: RootDatabase<Buffer, string>): Promise<number> {
  const { getLastTxnId } = await import('lmdb') as unknown as { getLastTxnId: () => number }
  const last = lastTransaction(root)
  const { transactions } = readTotals(root)
  // LMDB has the lower 32 bits of the transaction that the last read was of.
  if (((getLastTxnId() - last) | 0) < 0) throw new SetBackError(last)
  return transactions
}

/** Opens a file that nobody writes to. */
export async function openFileSnapshot (path: string): Promise<Snapshot> {
  const lock = `${path}-lock`
  const isNew = !existsSync(lock)
  const root = await openToRead(path, true)
  return { root, close: once(() => root.close().finally(() => { if (isNew) rmSync(lock, { force: true }) })) }
}

export async function openToRead (path: string, noSubdir: boolean): Promise<RootDatabase<Buffer, string>> {
  const { open } = await loadOptional('The LMDB store', () => import('lmdb'))
  return open<Buffer, string>({ ...OPTIONS, path, noSubdir, readOnly: true })
}

function once (close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () => {
    closed ??= close()
    return closed
  }
}

/** What root creates for a store would otherwise lock out the user that the server runs as. */
export function shareWithOwner (file: string, like = dirname(file)): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(like)
  chownSync(file, uid, gid)
}
