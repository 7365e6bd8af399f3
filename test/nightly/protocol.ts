import t from 'tap'
import { check } from '../protocol/tlc.js'
import { doubled, nameOf, possibleToo, presentLarger, weakened, withInvite } from '../protocol/variants.js'

t.setTimeout(3_600_000)

for (const variant of [...presentLarger, ...doubled]) {
  t.test(`the protocol holds in every state of ${nameOf(variant)}`, async t => {
    const { violated, states, trace } = await check(variant, t.testdir())
    t.equal(violated, undefined, trace.join(', '))
    t.comment(`${states} states`)
  })
}

for (const variant of [...weakened, ...withInvite]) {
  t.test(`${nameOf(variant)}: an attack on ${variant.violates} is found`, async t => {
    const { violated, trace } = await check({ ...variant, only: variant.violates }, t.testdir())
    t.equal(violated, variant.violates)
    t.comment(trace.join(', '))
  })
}

for (const variant of possibleToo) {
  t.test(`${nameOf(variant)}: ${variant.only} is not true`, async t => {
    const { violated } = await check(variant, t.testdir())
    t.equal(violated, variant.only)
  })
}
