/**
 * Measures how much of the server and the client the tests cover, and fails below the floor. It runs the tests that
 * work inside their own process: what a browser or a killed process executes cannot be counted.
 *
 *   npm run test:coverage
 */
import { spawnSync } from 'node:child_process'
import { root } from './client-tools.js'

/** A little below what is reached today, in percent. */
const floor = { lines: 97, branches: 94, functions: 94 }

const leftOut = [
  // in a browser, or in other processes
  'test/{browser,clients,deploy,examples,faults,package,types}/**', '**/*{browser,firefox}*', 'test/client/shared/tabs*', 'test/web/build*', 'test/server/{cli,listen,serve,start}*', 'test/store/third-party*',
  // the suite again over another store
  'test/store/redis/{api,cluster}*',
  // long searches that add no lines
  '**/*cost*', 'test/client/resume*', 'test/webrtc/{docs,fifteen-minutes}*', '**/{adversary,attempts,disk,expired-boxes,follow,lies}.test.ts', 'test/{ci,documentation,lint,plugin,readme}.test.ts'
]

const { status } = spawnSync('c8', [
  '--check-coverage', ...Object.entries(floor).flatMap(([what, least]) => [`--${what}`, String(least)]),
  '--include', 'src/**', '--include', 'clients/typescript/src/**', '--exclude', 'src/web/**', '--reporter', 'text', '--reporter', 'text-summary',
  'tap', '--reporter=terse', ...leftOut.map(pattern => `--exclude=${pattern}`)
], { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
