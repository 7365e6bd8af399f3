import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import { admitBox, admitMessage, checkCursor, live, NO_HOLDING, renew, type MessageGrowth } from '../../src/store/admission.js'
import { renewedDeadline } from '../../src/store/lifetime.js'
import type { Limits, NewMessage } from '../../src/store/store.js'

// Small numbers, so that all of these meet: room to spare, room to the last byte, one byte too few.
const few = fc.nat(6)

const limits: fc.Arbitrary<Limits> = fc.record({
  maxMessages: few,
  maxBoxBytes: few,
  held: fc.option(fc.record({ boxes: few, bytes: few }), { nil: undefined })
})
const growth: fc.Arbitrary<MessageGrowth> = fc.record({
  first: fc.constant(undefined),
  count: few,
  bytes: few,
  holding: fc.option(fc.record({ boxes: few, bytes: few }), { nil: undefined }),
  heldCost: few,
  storeBytes: few,
  maxStoreBytes: few,
  storeCost: few
})
const message: fc.Arbitrary<NewMessage> = fc.record({
  text: fc.string(),
  bytes: few,
  key: fc.option(fc.record({ id: fc.string(), digest: fc.constantFrom('a', 'b') }), { nil: undefined })
})
const keyed = message.filter(({ key }) => key !== undefined)
const first = fc.record({ seq: fc.nat(), count: fc.nat(), digest: fc.constantFrom('a', 'b') })

/** The code that it throws, or what it returns. */
function outcome (act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return (error as { code: string }).code
  }
}

t.test('a key with the same digest answers its first ack, whatever the limits', async () => {
  fc.assert(fc.property(keyed, limits, growth, first, (message, limits, growth, first) => {
    const same = { ...message, key: { id: 'key', digest: first.digest } }
    assert.deepEqual(outcome(() => admitMessage(same, limits, { ...growth, first })), { seq: first.seq, count: first.count })
  }))
})

t.test('a key with another digest is refused as such, whatever the limits', async () => {
  fc.assert(fc.property(keyed, limits, growth, first, (message, limits, growth, first) => {
    const other = { ...message, key: { id: 'key', digest: `not ${first.digest}` } }
    assert.equal(outcome(() => admitMessage(other, limits, { ...growth, first })), 'BOX_ERR_IDEMPOTENCY')
  }))
})

t.test('a new message is refused for its box first, then for its holder, then for the store, and else admitted', async t => {
  const outcomes = new Set<unknown>()
  fc.assert(fc.property(message, limits, growth, (message, limits, growth) => {
    const { count, bytes, holding, heldCost, storeBytes, storeCost, maxStoreBytes } = growth
    const lacking = [
      [count + 1 > limits.maxMessages || bytes + message.bytes > limits.maxBoxBytes, 'BOX_ERR_FULL'],
      [holding !== undefined && limits.held !== undefined && (holding.boxes > limits.held.boxes || holding.bytes + heldCost > limits.held.bytes), 'BOX_ERR_HELD'],
      [storeBytes + storeCost > maxStoreBytes, 'BOX_ERR_STORE_FULL']
    ] as const
    const found = outcome(() => admitMessage(message, limits, growth))
    outcomes.add(found)
    assert.equal(found, lacking.find(([lacks]) => lacks)?.[1])
  }), { numRuns: 2_000 })
  t.equal(outcomes.size, 4, 'each of them came')
})

t.test('a new box is refused for its holder first, then for the store, and else admitted', async t => {
  const outcomes = new Set<unknown>()
  fc.assert(fc.property(limits, growth, (limits, growth) => {
    const { holding, heldCost, storeBytes, storeCost, maxStoreBytes } = growth
    const lacking = [
      [holding !== undefined && limits.held !== undefined && (holding.boxes + 1 > limits.held.boxes || holding.bytes + heldCost > limits.held.bytes), 'BOX_ERR_HELD'],
      [storeBytes + storeCost > maxStoreBytes, 'BOX_ERR_STORE_FULL']
    ] as const
    const found = outcome(() => { admitBox(limits, growth) })
    outcomes.add(found)
    assert.equal(found, lacking.find(([lacks]) => lacks)?.[1])
  }), { numRuns: 1_000 })
  t.equal(outcomes.size, 3, 'each of them came')
})

t.test('a holder without a box is held to the limits from the first one on', async t => {
  const growth = { holding: NO_HOLDING, heldCost: 300, storeBytes: 0, storeCost: 0, maxStoreBytes: 0 }
  const within = (boxes: number, bytes: number) => ({ maxMessages: 0, maxBoxBytes: 0, held: { boxes, bytes } })
  t.equal(outcome(() => { admitBox(within(1, 300), growth) }), undefined)
  t.equal(outcome(() => { admitBox(within(0, 300), growth) }), 'BOX_ERR_HELD')
  t.equal(outcome(() => { admitBox(within(1, 299), growth) }), 'BOX_ERR_HELD')
})

t.test('a box is live until its deadline', async t => {
  const box = { deadline: 1000 }
  t.equal(live(box, 999), box)
  t.throws(() => live(box, 1000), { code: 'BOX_ERR_NOT_FOUND' })
  t.throws(() => live(undefined, 0), { code: 'BOX_ERR_NOT_FOUND' })
})

t.test('a renewal moves the deadline by the rule, and tells whether it did', async () => {
  fc.assert(fc.property(fc.nat(1e12), fc.integer({ min: 1000, max: 1e9 }), fc.nat(1e9), (now, ttl, late) => {
    const box = { ttl, deadline: now + ttl - late }
    const expected = renewedDeadline(box.deadline, ttl, now)
    assert.equal(renew({ ...box }, now), expected !== box.deadline)
    renew(box, now)
    assert.equal(box.deadline, expected)
  }))
})

t.test('a cursor may be at the box\'s last number, and not ahead of it', async t => {
  t.doesNotThrow(() => { checkCursor(3, { last: 3 }) })
  t.throws(() => { checkCursor(4, { last: 3 }) }, { code: 'BOX_ERR_CURSOR' })
})
