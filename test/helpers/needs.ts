import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * For tap's `skip`: `false` where the program is on PATH, else the reason in one line.
 * With `SIGNALBOX_TEST_ALL=1` nothing is skipped, so that what is missing fails.
 */
export function needs (program: string): string | false {
  if (process.env['SIGNALBOX_TEST_ALL'] === '1') return false
  return isOnPath(program) ? false : `${program} is not installed`
}

function isOnPath (program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(directory => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
