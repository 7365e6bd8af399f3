import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Content } from './check.js'
import { flush, orUndo } from './files.js'
import { appendLabel, type Label } from './label.js'
import { openStoreSnapshot } from './snapshot.js'
import { verifyBackup } from './verify.js'

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
  const { root, close } = await openStoreSnapshot(directory)
  try {
    // In a directory of its own, so that others cannot read it.
    const partial = mkdtempSync(`${file}.partial-`)
    return await orUndo(() => { rmSync(partial, { recursive: true, force: true }) }, async () => {
      // Without the unused pages, and so without what was deleted.
      await root.backup(partial, true)
      await close()
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
  } finally {
    await close()
  }
}
