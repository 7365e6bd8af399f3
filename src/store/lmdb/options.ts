import { checkOptions, isDeadline, isFunction } from '../options.js'

/** The options of `lmdbStore`. */
export interface LmdbStoreOptions {
  /** The directory of the database, created if missing. Only one process may have it open at a time. */
  path: string
  /** How long an operation may take, in ms. Default: 5,000. */
  deadline?: number | undefined
  /**
   * Called once, on a failure after which the store refuses every operation. Then end the process with
   * `process.exit`: while LMDB waits for the disk, the process does not end on its own.
   */
  onFailure?: ((error: Error) => void) | undefined
}

interface ResolvedLmdbOptions {
  path: string
  deadline: number
  onFailure: (error: Error) => void
}

/** @throws TypeError that names the option, what was expected and what was received */
export function resolveLmdbOptions (options: LmdbStoreOptions): ResolvedLmdbOptions {
  checkOptions('lmdbStore', options, {
    path: ['the path of a directory', value => typeof value === 'string' && value !== ''],
    deadline: isDeadline,
    onFailure: isFunction
  })
  const { path, deadline = 5_000, onFailure = () => {} } = options
  return { path, deadline, onFailure }
}
