import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb'

/*
 * LMDB's lock file has the number of the last transaction, from which the next one starts. Every process that opens the
 * store, even one that only reads it, sets this number to what it found in the data file a moment before (`mdb_env_open2`
 * in the LMDB of lmdb 3.5). If the server has committed in between, the number goes back, and LMDB would undo that commit
 * with the next one, without an error. The data file still has it until then.
 */

/** Another process has set LMDB back to an earlier transaction. Nothing has been written, so nothing is lost yet. */
export class SetBackError extends Error {
  constructor () {
    super('another process that opened the store has set LMDB back')
  }
}

/**
 * To be called at the beginning of each transaction.
 * @throws SetBackError if it does not start from the last one in the data file
 */
export function assertLatest (root: RootDatabase<Buffer, string>): void {
  const { lastTxnId } = root.getStats() as { lastTxnId: number }
  if (root.getWriteTxnId() !== lastTxnId + 1) throw new SetBackError()
}

/** Opens the store and closes it again. */
const OPEN = `
  const [lmdb, options] = process.argv.slice(1)
  const { open } = await import(lmdb)
  await open(JSON.parse(options)).close()`

/** How long that may take, in ms. */
const MOST = 4_000

/**
 * Lets a process of its own open the store while nothing is committed, which sets LMDB to the last transaction.
 * @throws Error if no process can be started, or the signal is aborted
 */
export async function setForward (options: RootDatabaseOptionsWithPath, signal: AbortSignal): Promise<void> {
  const args = ['--input-type=module', '--eval', OPEN, import.meta.resolve('lmdb'), JSON.stringify({ ...options, readOnly: true })]
  // What this process is started with, such as a debugger, is not for that one.
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' }, timeout: MOST, killSignal: 'SIGKILL', signal })
}
