import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * A process that only reads a store, to copy or check it, says so with an empty file beside the store. Without it, a
 * server that is restarted in the meantime would take that process for another server.
 */

const NAME = /^reader-(\d+)$/

/**
 * To be called before the process opens the store, and undone after it has closed it.
 * @returns undoes it
 */
export function announceReader (directory: string): () => void {
  const file = join(directory, `reader-${process.pid}`)
  try {
    writeFileSync(file, '')
  } catch (error) {
    // On a full disk, the copy is worth more than the restart of a server.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
  }
  return () => { rmSync(file, { force: true }) }
}

/** The ids of the processes that say so, and perhaps of some that were killed. */
export function announcedReaders (directory: string): string[] {
  return readdirSync(directory).flatMap(name => NAME.exec(name)?.[1] ?? [])
}

/** Removes what killed processes have left. */
export function forgetReaders (directory: string, pids: string[]): void {
  for (const pid of pids) rmSync(join(directory, `reader-${pid}`), { force: true })
}
