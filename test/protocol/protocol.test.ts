import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { check, needsTlc } from './tlc.js'
import { nameOf, once, possible, present, weakened } from './variants.js'

// The rest is in test/nightly/protocol.ts.
const examples = weakened.filter(({ violates }) => violates === 'HeardOnce')

const skip = needsTlc()

for (const variant of present) {
  t.test(`the protocol holds in every state of ${nameOf(variant)}`, { skip }, async t => {
    const { violated, states, trace } = await check(variant, t.testdir())
    t.equal(violated, undefined, trace.join(', '))
    const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8')
    t.match(readme, `| ${states.toLocaleString('en')} |`, 'the README says how many there are')
  })
}

for (const variant of [...once, ...examples]) {
  t.test(`${nameOf(variant)}: an attack on ${variant.violates} is found`, { skip }, async t => {
    const { violated, trace } = await check({ ...variant, only: variant.violates }, t.testdir())
    t.equal(violated, variant.violates)
    t.comment(trace.join(', '))
    if (!variant.faults.includes('another opening after the check')) return
    // As it was once done to the first negotiation.
    t.strictSame(trace.filter(action => action === 'HostTakesAnything').length, 2, 'one opening is checked, another counts')
    t.ok(trace.lastIndexOf('HostTakesAnything') > trace.indexOf('GuestAnswers'), 'once the guest has opened its commitment')
  })
}

for (const variant of possible) {
  t.test(`${nameOf(variant)}: ${variant.only} is not true`, { skip }, async t => {
    const { violated } = await check(variant, t.testdir())
    t.equal(violated, variant.only)
  })
}
