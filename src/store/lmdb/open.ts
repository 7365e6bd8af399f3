import { closeSync, fsyncSync, mkdirSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb'
import { loadOptional } from '../../optional.js'
import { announcedReaders, forgetReaders } from './announced-readers.js'
import { freeSpaceOf } from './free-space.js'
import { LockFile } from './latest.js'
import { markFormat } from './layout.js'
import { Records } from './records.js'

/**
 * Address space for the file, which costs nothing. If the file outgrew its map, LMDB would add a map of twice
 * the size and keep the old ones, and each would count as resident memory. (On Windows, the file itself would
 * get this size.)
 */
const MAP_SIZE = 64 * 1024 ** 3

export const OPTIONS = {
  encoding: 'binary',
  // Flushes a commit before it becomes visible; if the flush fails, it never does.
  overlappingSync: false,
  ...(process.platform === 'win32' ? {} : { mapSize: MAP_SIZE }),
  // `Commits` does the batching. LMDB's own batches would also leave a rejected promise unhandled when a
  // commit fails.
  eventTurnBatching: false
} as const satisfies Partial<RootDatabaseOptionsWithPath>

/** The directories that this process has open. LMDB would silently share one opened twice, and lose its lock when either is closed. */
const openDirectories = new Set<string>()

export interface Environment {
  records: Records
  /** Runs a transaction of the records, on top of the last one even if another process has set LMDB back. */
  transaction: (apply: () => void, isFull: boolean) => Promise<void>
  /** how much more the disk can take, in bytes */
  freeSpace: () => number
  /** Makes reusable what only killed processes were still reading. */
  releaseReaders: () => void
  close: () => Promise<void>
}

/**
 * Opens the directory exclusively for this process, and creates it if missing.
 * @throws Error whose message says in one line what is wrong and what to do
 */
export async function openEnvironment (path: string): Promise<Environment> {
  const { open } = await loadOptional('The LMDB store', () => import('lmdb'))
  let directory: string
  let made: string | undefined
  try {
    made = mkdirSync(path, { recursive: true, mode: 0o700 })
    directory = realpathSync(path)
    checkHeader(join(directory, 'data.mdb'))
  } catch (error) {
    throw refusal(path, error)
  }
  if (openDirectories.has(directory)) throw new Error(`The store in '${path}' is already open. Use that one.`)
  openDirectories.add(directory)
  let root: RootDatabase<Buffer, string> | undefined
  let lockFile: LockFile | undefined
  const close = async (): Promise<void> => {
    await root?.close()
    lockFile?.close()
    openDirectories.delete(directory)
  }
  try {
    const lock = join(directory, 'lock.mdb')
    const before = inodeOf(lock)
    const environment = root = open<Buffer, string>({ ...OPTIONS, path: directory, noSubdir: false })
    const opened = lockFile = new LockFile(directory)
    const freeSpace = (): number => freeSpaceOf(directory)
    const records = new Records(root, freeSpace)
    const other = otherReader(root, directory)
    if (other !== undefined) throw new Error(`process ${other} has it open. Stop that process, or choose another directory`)
    if (before !== undefined && before !== inodeOf(lock)) throw new Error('a backup was just restored into it. Start again')
    const transaction = (apply: () => void, isFull: boolean): Promise<void> => opened.onLatest(() => records.transaction(apply, isFull))
    // In a transaction, because it must see the last one.
    await transaction(() => {
      markFormat(environment)
      records.catchUp()
    }, false)
    flushDirectories(directory, made)
    return { records, transaction, freeSpace, releaseReaders: () => { environment.readerCheck() }, close }
  } catch (error) {
    await close()
    throw refusal(path, error)
  }
}

/**
 * Finds another process that has the directory open, in LMDB's reader table. Every process that has ever read
 * is listed there and holds a file lock on the byte of its process id, which the kernel releases however the
 * process ends; entries without a lock are cleared here. So neither SIGKILL, a reboot nor a reused id leaves
 * a lock behind, and of two processes that open the directory at once, at least one sees the other.
 * Containers see each other too if they share a kernel. A process that only reads, and says so, does not count.
 *
 * Our own entry appears with the first read and stays until the environment is closed. Opening another database
 * would release it, so this comes after the last of them. Any entry before that read belongs to another
 * process, even under our process id: it is in another container.
 */
function otherReader (root: RootDatabase<Buffer, string>, directory: string): string | undefined {
  forgetReaders(directory, [String(process.pid)])
  // Read before and after, since one may come or go in between.
  const announced = announcedReaders(directory)
  root.readerCheck()
  const before = readers(root)
  root.getBinaryFast('totals')
  const after = readers(root)
  announced.push(...announcedReaders(directory))
  forgetReaders(directory, announced.filter(pid => !after.includes(pid)))
  return [...before, ...after.filter(pid => pid !== String(process.pid))].find(pid => !announced.includes(pid))
}

/** The processes in LMDB's table of readers. */
export function readers (root: RootDatabase<Buffer, string>): string[] {
  return [...String(root.readerList()).matchAll(/^ *(\d+) /gm)].map(([, pid]) => pid as string)
}

function inodeOf (file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}

/** A file survives power loss only once the directories above it are flushed: its own and those created for it. */
function flushDirectories (directory: string, firstMade: string | undefined): void {
  // Windows neither needs nor allows this.
  if (process.platform === 'win32') return
  const last = firstMade === undefined ? directory : dirname(realpathSync(firstMade))
  for (let at = directory; ; at = dirname(at)) {
    const fd = openSync(at, 'r')
    fsyncSync(fd)
    closeSync(fd)
    if (at === last) return
  }
}

/**
 * LMDB crashes on a file of another format, so the magic number in its first page is checked first.
 * @param flags `r+` if the file is also to be written
 * @throws Error if the file cannot be opened, except if it is missing
 */
export function checkHeader (file: string, flags = 'r+'): void {
  const header = Buffer.alloc(28)
  let fd: number
  try {
    fd = openSync(file, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const size = readSync(fd, header)
  closeSync(fd)
  if (size > 0 && header.readUInt32LE(24) !== 0xbeefc0de) throw new Error('its data.mdb is not a store. Choose another directory')
}

const reasons: Record<string, string> = {
  EACCES: 'this user may not write there. Choose a directory of its own',
  EROFS: 'the file system is read-only. Choose another directory',
  ENOSPC: 'the disk is full. Free some space, or choose a directory on another disk',
  EEXIST: 'it is a file. Choose a directory',
  ENOTDIR: 'part of the path is a file. Choose a directory'
}

function refusal (path: string, error: unknown): Error {
  const { code, message } = error as { code?: string | number, message: string }
  // LMDB's errors have the error number where Node's have the name.
  const name = typeof code === 'number' && code > 0 ? getSystemErrorName(-code) : String(code)
  return new Error(`The store in '${path}' cannot be opened: ${reasons[name] ?? message}.`, { cause: error })
}
