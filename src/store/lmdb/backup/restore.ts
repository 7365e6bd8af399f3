import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, realpathSync, renameSync, rmdirSync, rmSync, truncateSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkHeader, readers } from '../open.js'
import type { Content } from './check.js'
import { flush, orUndo } from './files.js'
import type { Label } from './label.js'
import { openToRead, shareWithOwner } from './snapshot.js'
import { verifyBackup } from './verify.js'

/**
 * Makes a store of a backup, in a directory that is created if missing. The store that was there is replaced in one
 * step, once the copy of the backup is complete, flushed and verified.
 * @throws DamageError if the backup is damaged
 * @throws Error if the store there is in use, or there is one and `overwrite` is false; then nothing has changed
 */
export async function restore (backup: string, path: string, overwrite: boolean, now: number): Promise<{ label: Label, content: Content }> {
  const isNew = makeDirectory(path)
  const directory = realpathSync(path)
  const file = join(directory, 'data.mdb')
  const partial = join(directory, `data.mdb.partial-${process.pid}`)
  const isReplaced = existsSync(file)
  const release = isReplaced ? await claimStore(directory) : async () => {}
  const undo = (): void => {
    rmSync(partial, { force: true })
    rmSync(`${partial}-lock`, { force: true })
    // Somebody else may have put something there.
    if (isNew && readdirSync(directory).length === 0) rmdirSync(directory)
  }
  try {
    return await orUndo(undo, async () => {
      if (isReplaced && !overwrite) throw new Error(`'${path}' contains a store. Choose another directory, or pass --overwrite`)
      await copyFile(backup, partial)
      chmodSync(partial, 0o600)
      const verified = await verifyBackup(partial, now)
      truncateSync(partial, verified.label.size)
      shareWithOwner(partial)
      flush(partial)
      if (isReplaced) renameSync(partial, file)
      else linkNew(partial, file, path)
      rmSync(partial, { force: true })
      // With the old lock, the next server would look for the old store's transactions.
      if (isReplaced) rmSync(join(directory, 'lock.mdb'), { force: true })
      flush(directory, true)
      if (isNew) flush(dirname(directory), true)
      return verified
    })
  } finally {
    await release()
  }
}

/** Unlike a rename, this fails if a server has created a store there in the meantime. */
function linkNew (partial: string, file: string, path: string): void {
  try {
    linkSync(partial, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`a server has just created a store in '${path}'. Stop it, and pass --overwrite to replace that store`, { cause: error })
  }
}

function makeDirectory (path: string): boolean {
  if (existsSync(path)) return false
  mkdirSync(path, { mode: 0o700 })
  shareWithOwner(path)
  return true
}

/**
 * Keeps servers from opening the store. This reads no record, since a store that is to be replaced may be damaged.
 * @returns lets them open it again
 * @throws Error if another process has it open
 */
async function claimStore (directory: string): Promise<() => Promise<void>> {
  const root = await openChecked(directory).catch((error: Error) => {
    throw new Error(`the data.mdb in '${directory}' is too damaged to tell whether a server has it open (${error.message}). Make sure that none has, and remove it`, { cause: error })
  })
  root.readerCheck()
  const before = readers(root)
  root.useReadTransaction()
  const [other] = [...before, ...readers(root).filter(pid => pid !== String(process.pid))]
  if (other !== undefined) {
    await root.close()
    throw new Error(`process ${other} has '${directory}' open. Stop that process first`)
  }
  return () => root.close()
}

/** LMDB would crash on a file whose first page is damaged. */
async function openChecked (directory: string) {
  checkHeader(join(directory, 'data.mdb'), 'r')
  return await openToRead(directory, false)
}
