import t from 'tap'
import { mutants } from '../simulation/mutants.js'
import { simulation, STORES } from '../simulation/simulation.js'

const STEPS = 1_500_000
/** Seeds per process, so that a process does not grow. */
const PORTION = 50
/** Of a planted fault, at most so many seeds are tried. */
const MOST = 400

t.setTimeout(4 * 3_600_000)

for (const store of STORES) {
  t.test(`${STEPS} steps on the store '${store}', of seeds that no run had before`, async t => {
    const run = await simulation(t)
    let [steps, seconds, seeds] = [0, 0, 0]
    for (let first = Math.floor(Math.random() * 1e9); steps < STEPS; first += PORTION) {
      const report = await run({ store, first, seeds: PORTION, seconds: Infinity })
      steps += report.steps
      seconds += report.seconds
      seeds += report.seeds
      t.equal(report.failed, undefined, `seeds ${first} and on`)
      if (report.failed !== undefined) break
    }
    t.comment({ seeds, steps, perSecond: Math.round(steps / seconds) })
  })
}

for (const mutant of mutants) {
  t.test(`it is found that ${mutant.name}`, async t => {
    const run = await simulation(t, mutant)
    const { failed, seeds, steps, seconds } = await run({ store: mutant.store, first: 1, seeds: MOST, seconds: Infinity })
    t.comment({ seeds, steps, seconds, failed })
    t.ok(failed)
  })
}
