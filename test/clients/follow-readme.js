import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { root, run } from '../../scripts/client-tools.js'

/** Leaves out what was built in the original. */
export const isSource = path => basename(path) !== 'target'

/** Goes through the README beside a copy of the client: makes each file and runs each shell block, in its order. */
export function followReadme (language, folder, env, source = join('generated', language)) {
  cpSync(join(root, source), join(folder, source), { recursive: true, filter: isSource })
  followSteps(readFileSync(join(folder, source, 'README.md'), 'utf8'), folder, env)
}

export function followSteps (readme, folder, env) {
  for (const [, kind, name, text] of readme.matchAll(/^```(\w+)(?: title="(.+)")?\n([^]*?)^```$/gm)) {
    if (name !== undefined) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    } else if (kind === 'sh') {
      run('sh', ['-e', '-c', text], { cwd: folder, env })
    }
  }
}
