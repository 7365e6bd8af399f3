import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import { admitBox, admitMessage, checkCursor, live, NO_HOLDING, renew, resolveLimits, type MessageGrowth, type ResolvedLimits } from '../../src/store/admission.js'
import { renewedDeadline } from '../../src/store/lifetime.js'
import type { NewMessage } from '../../src/store/store.js'

// Small numbers, so that all of these meet: room to spare, room to the last byte, one byte too few.
const few = fc.nat(6)

const limits: fc.Arbitrary<ResolvedLimits> = fc.record({
  maxStoreBytes: few,
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

t.test('a key with the same digest returns the first ack, whatever the limits', async () => {
  fc.assert(fc.property(keyed, limits, growth, first, (message, limits, growth, first) => {
    const same = { ...message, key: { id: 'key', digest: first.digest } }
    assert.deepEqual(outcome(() => admitMessage(same, limits, { ...growth, first })), { seq: first.seq, count: first.count })
  }))
})

t.test('a key with another digest is refused, whatever the limits', async () => {
  fc.assert(fc.property(keyed, limits, growth, first, (message, limits, growth, first) => {
    const other = { ...message, key: { id: 'key', digest: `not ${first.digest}` } }
    assert.equal(outcome(() => admitMessage(other, limits, { ...growth, first })), 'BOX_ERR_IDEMPOTENCY')
  }))
})

const roomy: ResolvedLimits = { maxMessages: 10, maxBoxBytes: 100, maxStoreBytes: 1_000, held: { boxes: 5, bytes: 500 } }
const five: NewMessage = { text: '12345', bytes: 5 }

/** A box with room for exactly one message more of five bytes: in the box, of its holder and in the store. */
const almostFull: MessageGrowth = {
  first: undefined, count: 9, bytes: 95, holding: { boxes: 5, bytes: 480 }, heldCost: 20, storeBytes: 970, storeCost: 30
}

t.test('a message that fits exactly is admitted', async t => {
  t.equal(outcome(() => admitMessage(five, roomy, almostFull)), undefined)
})

t.test('a message that is one too many, or one byte too long, is refused for that reason', async t => {
  const lacking: Array<[Partial<MessageGrowth>, string]> = [
    [{ count: 10 }, 'BOX_ERR_FULL'],
    [{ bytes: 96 }, 'BOX_ERR_FULL'],
    [{ holding: { boxes: 5, bytes: 481 } }, 'BOX_ERR_HELD'],
    [{ heldCost: 21 }, 'BOX_ERR_HELD'],
    [{ storeBytes: 971 }, 'BOX_ERR_STORE_FULL'],
    [{ storeCost: 31 }, 'BOX_ERR_STORE_FULL']
  ]
  for (const [growth, code] of lacking) t.equal(outcome(() => admitMessage(five, roomy, { ...almostFull, ...growth })), code, JSON.stringify(growth))
})

t.test('a message over several limits is refused for its box first, then for its holder', async t => {
  const overHeld = { ...almostFull, heldCost: 21, storeCost: 31 }
  t.equal(outcome(() => admitMessage(five, roomy, { ...overHeld, count: 10 })), 'BOX_ERR_FULL')
  t.equal(outcome(() => admitMessage(five, roomy, overHeld)), 'BOX_ERR_HELD')
})

t.test('holder limits apply only if the box has a holder and limits are set', async t => {
  const over = { ...almostFull, heldCost: 21 }
  t.equal(outcome(() => admitMessage(five, roomy, { ...over, holding: undefined })), undefined)
  t.equal(outcome(() => admitMessage(five, { ...roomy, held: undefined }, over)), undefined)
})

t.test('a box that fits exactly is admitted; the holder\'s limit is checked before the store\'s', async t => {
  const growth = { holding: { boxes: 4, bytes: 400 }, heldCost: 100, storeBytes: 900, storeCost: 100 }
  t.equal(outcome(() => { admitBox(roomy, growth) }), undefined)
  t.equal(outcome(() => { admitBox(roomy, { ...growth, holding: { boxes: 5, bytes: 400 } }) }), 'BOX_ERR_HELD')
  t.equal(outcome(() => { admitBox(roomy, { ...growth, holding: { boxes: 4, bytes: 401 }, storeCost: 101 }) }), 'BOX_ERR_HELD')
  t.equal(outcome(() => { admitBox(roomy, { ...growth, storeCost: 101 }) }), 'BOX_ERR_STORE_FULL')
})

t.test('a holder\'s limits apply from its first box', async t => {
  const growth = { holding: NO_HOLDING, heldCost: 300, storeBytes: 0, storeCost: 0 }
  const within = (boxes: number, bytes: number) => ({ maxMessages: 0, maxBoxBytes: 0, maxStoreBytes: 0, held: { boxes, bytes } })
  t.equal(outcome(() => { admitBox(within(1, 300), growth) }), undefined)
  t.equal(outcome(() => { admitBox(within(0, 300), growth) }), 'BOX_ERR_HELD')
  t.equal(outcome(() => { admitBox(within(1, 299), growth) }), 'BOX_ERR_HELD')
})

t.test('the store\'s own cap applies if the limits set none', async t => {
  const { maxStoreBytes: _, ...rest } = roomy
  t.equal(resolveLimits(rest, 7).maxStoreBytes, 7)
  t.equal(resolveLimits({ ...rest, maxStoreBytes: undefined }, 7).maxStoreBytes, 7)
  t.equal(resolveLimits(roomy, 7).maxStoreBytes, 1_000)
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
