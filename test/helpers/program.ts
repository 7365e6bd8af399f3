import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { Test } from 'tap'
import { freshDirectory } from '../store/directory.js'

/** A TypeScript program as one file that Node starts at once, for tests that start it many times. */
export async function program (t: Test, source: URL, plugins: Plugin[] = []): Promise<string> {
  const directory = freshDirectory(t)
  const outfile = join(directory, 'program.mjs')
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins,
    logLevel: 'error'
  })
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(directory, 'node_modules'), 'dir')
  return outfile
}
