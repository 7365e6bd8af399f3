import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '../../../scripts/client-tools.js'

/** Not `npx`: inside another `npx -c`, it takes that one's command for its own. */
const tap = join(root, 'node_modules', '.bin', 'tap')

/** Test files for tap; each gets the runners of all languages. */
const suites = ['lies', 'rogues', 'matrix'].map(name => join('test', 'clients', 'call', `${name}.ts`))

/** Tries every implementation of calls, alone and with every other. @returns the counts */
export async function tryCalls (runners) {
  const child = spawn(tap, ['--disable-coverage', '--jobs=1', ...suites], {
    cwd: root,
    env: { ...process.env, SIGNALBOX_CALL_RUNNERS: JSON.stringify(runners) },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const [output, errors, [code]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'close')])
  const said = Buffer.concat([...output, ...errors]).toString()
  assert.equal(code, 0, said)
  assert.match(said, /^# \{ total: \d+, pass: [1-9]/m, said)
  return `Calls in all languages: ${said.match(/^# \{ total: .*\}$/m)[0].slice(2)}`
}
