import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A directory of the test's own, gone after it. */
export function freshDirectory (t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-'))
  t.teardown(() => { rmSync(path, { recursive: true, force: true }) })
  return path
}
