import t from 'tap'
import { needs } from '../helpers/needs.js'
import { buildTools, isExplained } from '../histories/run.js'
import { storeRuns } from '../histories/runs.js'

const ROUNDS = Number(process.env['SIGNALBOX_HISTORIES_ROUNDS'] ?? 4)

/** How long the clients of each run work, in seconds. */
const SECONDS = Number(process.env['SIGNALBOX_HISTORIES_SECONDS'] ?? 60)

t.setTimeout(ROUNDS * storeRuns.length * (60_000 + 10_000 * SECONDS))

for (const { name, run, program } of storeRuns) {
  t.test(name, { skip: needs('go') || needs(program) }, async t => {
    const tools = await buildTools(t)
    const sum = { histories: 0, operations: 0, unanswered: 0 }
    for (let round = 1; round <= ROUNDS; round++) {
      await t.test(`round ${round}`, async t => {
        const report = await run(t, tools, SECONDS)
        isExplained(t, report)
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += report[key]
      })
    }
    t.comment(sum)
  })
}
