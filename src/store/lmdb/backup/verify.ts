import { checkRecords, type Content } from './check.js'
import { readLabel, type Label } from './label.js'
import { openFileSnapshot, openStoreSnapshot, type Snapshot } from './snapshot.js'

/**
 * Checks every record of a store, which a server may have open.
 * @throws DamageError
 */
export async function verifyStore (directory: string, now: number): Promise<Content> {
  return await check(await openStoreSnapshot(directory), now)
}

/**
 * Checks the checksum of a backup, and every record in it.
 * @throws DamageError
 */
export async function verifyBackup (file: string, now: number): Promise<{ label: Label, content: Content }> {
  const label = await readLabel(file)
  return { label, content: await check(await openFileSnapshot(file), now) }
}

async function check ({ root, close }: Snapshot, now: number): Promise<Content> {
  try {
    return checkRecords(root, now)
  } finally {
    await close()
  }
}
