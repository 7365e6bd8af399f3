import fc from 'fast-check'
import t from 'tap'
import { newBoxId } from '../../src/box/capability.js'
import { randomPortions } from '../../src/box/random.js'

t.test('every byte is used once, in order, and wiped', async t => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100 }), (size, portions, count) => {
    const filled: Buffer[] = []
    let block: Buffer = Buffer.alloc(0)
    let seed = 0
    const next = randomPortions(size, portions, into => {
      for (let i = 0; i < into.length; i++) into[i] = seed = (seed * 31 + i + 7) % 256
      block = into
      filled.push(Buffer.from(into))
    })
    const given: string[] = []
    for (let n = 0; n < count; n++) {
      given.push(next())
      const used = (n % portions + 1) * size
      if (block.subarray(0, used).some(byte => byte !== 0)) throw new Error('a byte that was given is still there')
    }
    const all = Buffer.concat(filled)
    const expected = Array.from({ length: count }, (_, n) => all.toString('base64url', n * size, (n + 1) * size))
    t.strictSame(given, expected)
  }), { numRuns: 200 })
})

t.test('no box id repeats over many blocks', async t => {
  const ids = Array.from({ length: 20_000 }, newBoxId)
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every(id => /^box_[A-Za-z0-9_-]{32}$/.test(id)))
})
