import { statfsSync } from 'node:fs'

/** How much may still be written to the file system of a directory, in bytes; infinite if it does not say. */
export function freeSpaceOf (directory: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(directory)
    return blocks === 0 ? Infinity : bavail * bsize
  } catch {
    return Infinity
  }
}
