import t from 'tap'
import { needs } from '../helpers/needs.js'
import { buildTools, isExplained } from './run.js'
import { storeRuns } from './runs.js'

/** How long the clients of each run work, in seconds. The nightly run takes longer. */
const SECONDS = Number(process.env['SIGNALBOX_HISTORIES_SECONDS'] ?? 5)

t.setTimeout(300_000 + 10_000 * SECONDS)

for (const { name, run, program } of storeRuns) {
  t.test(name, { skip: needs('go') || needs(program) }, async t => {
    isExplained(t, await run(t, await buildTools(t), SECONDS))
  })
}
