import fc from 'fast-check'
import t from 'tap'
import { boxOf, recordOf, steps, sums } from '../../../src/store/lmdb/box.js'

const count = fc.nat({ max: 2 ** 51 })
const ascending = fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 32 }).map(gaps => sums(gaps))

t.test('a box survives encoding and decoding', async t => {
  fc.assert(fc.property(count, count, count, count, count, count, count, count, count, fc.string({ maxLength: 8 }), fc.option(fc.record({ keep: fc.integer({ min: 1, max: 2 ** 50 }), oldest: count }), { nil: { keep: 0, oldest: 0 } }), ascending, (ttl, listed, late, front, held, bytes, extra, keys, born, holder, passing, places) => {
    const box = { ttl, deadline: listed + late, listed, front, last: front + held, bytes, cost: bytes + extra, keys, holder, born, ...passing, places }
    t.strictSame(boxOf(recordOf(box)), box)
  }))
})

t.test('sums is the inverse of steps, which are small for close numbers', async t => {
  t.strictSame(steps([1_000_000_007, 1_000_000_010, 1_000_000_011]), [1_000_000_007, 3, 1])
  t.strictSame(sums([1_000_000_007, 3, 1]), [1_000_000_007, 1_000_000_010, 1_000_000_011])
  t.strictSame(steps([]), [])
})
