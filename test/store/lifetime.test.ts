import t from 'tap'
import fc from 'fast-check'
import { isExpired, renewedDeadline } from '../../src/store/lifetime.js'

t.test('a box expires at its deadline, not before', async t => {
  t.notOk(isExpired(1000, 999))
  t.ok(isExpired(1000, 1000))
})

t.test('a renewal is late by at most an eighth of the TTL, and never moves the deadline back', async () => {
  fc.assert(fc.property(fc.nat(1e12), fc.integer({ min: 1000, max: 1e9 }), fc.nat(1e9), (start, ttl, elapsed) => {
    const deadline = start + ttl
    const now = start + Math.min(elapsed, ttl - 1)
    const renewed = renewedDeadline(deadline, ttl, now)
    return renewed >= deadline && now + ttl - renewed <= ttl / 8
  }))
})
