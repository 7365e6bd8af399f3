/**
 * Says how much of the server and the client the tests covered, and fails below the floor. It reads what the last run of
 * `tap` with coverage left: what a browser or a killed process executes is not counted.
 *
 *   npm run test:coverage   runs the tests first
 *   npm run coverage
 */
import { spawnSync } from 'node:child_process'
import { root } from './client-tools.js'

/** A little below what is reached today, in percent. */
const floor = { lines: 97, branches: 96, functions: 97 }

const options = [
  'report', '--temp-directory', '.tap/coverage',
  '--check-coverage', ...Object.entries(floor).flatMap(([what, least]) => [`--${what}`, String(least)]),
  '--include', 'src/**', '--include', 'clients/typescript/src/**', '--exclude', 'src/web/**', '--reporter', 'text', '--reporter', 'text-summary'
]
const { error, status } = spawnSync('c8', options, { cwd: root, stdio: 'inherit' })
if (error !== undefined) throw error
process.exit(status ?? 1)
