import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SetBackError } from '../latest.js'
import { readTotals } from '../layout.js'
import type { Content } from './check.js'
import { flush, orUndo } from './files.js'
import { appendLabel, type Label } from './label.js'
import { openFileSnapshot, openStoreSnapshot, transactionsOf } from './snapshot.js'
import { verifyBackup } from './verify.js'

/** How many times the store is copied, if other processes set LMDB back each time. */
const TRIES = 10

/**
 * Backs up the store in a directory, whether or not a server has it open: everything that had got a 2xx by now is in
 * it. The file appears under its name only once it is complete, flushed and verified.
 * @throws Error if the file exists and `overwrite` is false, its directory is missing, or it cannot be written; then nothing is left of it
 */
export async function backUp (directory: string, target: string, overwrite: boolean, now: number): Promise<{ label: Label, content: Content }> {
  const file = resolve(target)
  const refuseExisting = (): void => {
    if (!overwrite && existsSync(file)) throw new Error(`'${target}' exists. Choose another name, or pass --overwrite`)
  }
  refuseExisting()
  if (!existsSync(dirname(file))) throw new Error(`the directory '${dirname(target)}' does not exist`)
  // In a directory of its own, so that others cannot read it.
  const partial = mkdtempSync(`${file}.partial-`)
  return await orUndo(() => { rmSync(partial, { recursive: true, force: true }) }, async () => {
    await copyAll(directory, partial)
    const copy = join(partial, 'data.mdb')
    chmodSync(copy, 0o600)
    await appendLabel(copy)
    flush(copy)
    const verified = await verifyBackup(copy, now)
    refuseExisting()
    renameSync(copy, file)
    flush(dirname(file), true)
    rmSync(partial, { recursive: true })
    return verified
  })
}

/** Copies everything up to the last transaction, even if another process sets LMDB back meanwhile. */
async function copyAll (directory: string, target: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await copyOnce(directory, target)
      return
    } catch (error) {
      if (!(error instanceof SetBackError) || tries === TRIES) throw error
      rmSync(join(target, 'data.mdb'), { force: true })
    }
  }
}

async function copyOnce (directory: string, target: string): Promise<void> {
  const { root, close } = await openStoreSnapshot(directory)
  let least: number
  try {
    least = await transactionsOf(root)
    // Without the unused pages, and so without what was deleted.
    await root.backup(target, true)
  } finally {
    await close()
  }
  const copy = await openFileSnapshot(join(target, 'data.mdb'))
  try {
    const { transactions } = readTotals(copy.root)
    if (transactions < least) throw new SetBackError(transactions)
  } finally {
    await copy.close()
  }
}
