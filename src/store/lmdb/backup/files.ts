import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Resolves once the content of the file, or the entries of the directory, survive a power failure. */
export function flush (path: string, isDirectory = false): void {
  // Windows neither needs nor allows this for a directory.
  if (isDirectory && process.platform === 'win32') return
  const fd = openSync(path, isDirectory ? 'r' : 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `work`, and calls `undo` if that fails or a signal ends the process before it is done. */
export async function orUndo<T> (undo: () => void, work: () => Promise<T>): Promise<T> {
  const end = (signal: NodeJS.Signals): void => {
    undo()
    // Not `process.exit`, which waits for threads that are still copying.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    return await work()
  } catch (error) {
    undo()
    throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}
