import t from 'tap'
import { mutants } from './mutants.js'
import { simulation, STORES } from './simulation.js'

/** A number of seeds, not of seconds: a slow machine does the same. */
const SEEDS = 2

for (const store of STORES) {
  t.test(`${SEEDS} seeds on the store '${store}' keep all promises`, async t => {
    const run = await simulation(t)
    const { failed, seeds, steps, seconds } = await run({ store, first: 1, seeds: SEEDS, seconds: Infinity })
    t.comment({ seeds, steps, seconds })
    t.equal(failed, undefined)
    t.ok(steps > SEEDS * 2_000, 'there was something to do')
  })
}

t.test('a seed does the same again, in another process and after another seed', async t => {
  const run = await simulation(t)
  const both = await run({ store: 'lmdb', first: 2, seeds: 2, seconds: Infinity })
  const one = await run({ store: 'lmdb', first: 3, seeds: 1, seconds: Infinity })
  t.equal(one.hashes[0], both.hashes[1])
  t.not(both.hashes[0], both.hashes[1], 'another seed does something else')
})

for (const mutant of mutants.filter(({ isCheap }) => isCheap)) {
  t.test(`it is found that ${mutant.name}`, async t => {
    const run = await simulation(t, mutant)
    const { failed } = await run({ store: mutant.store, first: 1, seeds: SEEDS, seconds: Infinity })
    t.match(failed?.message, /^Violation: /)
    const again = await run({ store: mutant.store, first: failed?.seed ?? 0, seeds: 1, seconds: Infinity })
    t.equal(again.failed?.message, failed?.message, 'and the seed shows it again')
  })
}
