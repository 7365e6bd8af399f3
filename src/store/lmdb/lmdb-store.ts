import { openEnvironment } from './open.js'
import { resolveLmdbOptions, type LmdbStoreOptions } from './options.js'
import { LmdbStore } from './store.js'
import type { Store } from '../store.js'

/**
 * Opens an embedded store on disk (LMDB), for one process. A write resolves once it has been flushed, so it
 * survives SIGKILL and power loss; concurrent writes share a flush. The size is limited by `maxStoreBytes`
 * (default: 4 GiB).
 *
 * A failed write does not become visible later. After a failed flush, or an operation that exceeded the
 * deadline, the store rejects every operation with `StoreError` and must be reopened. Only writes that the
 * deadline cut off have an unknown outcome. On a full disk, it rejects with `StoreFullError` and continues to
 * work. It refuses new data once the free space is down to a quarter of its file's size, at most 32 MiB: the
 * operations that make room need that space.
 *
 * @throws TypeError if an option is invalid
 * @throws Error whose message says in one line why the directory cannot be opened, or that the package `lmdb`
 * is missing
 */
export async function lmdbStore (options: LmdbStoreOptions): Promise<Store> {
  const { path, deadline, onFailure } = resolveLmdbOptions(options)
  return new LmdbStore(await openEnvironment(path), deadline, onFailure)
}
