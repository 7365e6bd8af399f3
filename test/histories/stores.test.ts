import t from 'tap'
import { needs } from '../helpers/needs.js'
import { buildTools, isExplained } from './run.js'
import { lmdbClockRun, lmdbRun, memoryClockRun, memoryRun, redisClockRun, redisRun, type StoreRun } from './runs.js'

/** How long the clients of each store work, in seconds. The nightly run takes longer. */
const SECONDS = Number(process.env['SIGNALBOX_HISTORIES_SECONDS'] ?? 6)

t.setTimeout(240_000 + 8_000 * SECONDS)

const runs: [name: string, run: StoreRun, program: string][] = [
  ['memory: pauses and restarts, each of which loses everything', memoryRun, 'go'],
  ['LMDB: kills, pauses and restarts', lmdbRun, 'go'],
  ['two servers on a Redis: kills, pauses and restarts of all three', redisRun, 'redis-server'],
  ['memory: a clock that is turned', memoryClockRun, 'go'],
  ['LMDB: a clock that is turned', lmdbClockRun, 'go'],
  ['two servers on a Redis: clocks that are turned', redisClockRun, 'redis-server']
]

for (const [name, run, program] of runs) {
  t.test(name, { skip: needs('go') || needs(program) }, async t => {
    isExplained(t, await run(t, await buildTools(t), SECONDS))
  })
}
