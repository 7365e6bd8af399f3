import t from 'tap'
import { WindowCounter } from '../../src/http/window-counter.js'

t.test('concurrent calls each get their own count', async t => {
  const counter = new WindowCounter(10)
  const counts = await Promise.all(Array.from({ length: 5 }, () => counter.increment('a', 60_000)))
  t.same(counts.map(({ current }) => current), [1, 2, 3, 4, 5])
  t.same((await counter.increment('b', 60_000)).current, 1)
})

t.test('a window begins with its first count and ends on time', async t => {
  let now = 0
  const counter = new WindowCounter(10, () => now)
  t.same(await counter.increment('a', 1_000), { current: 1, ttl: 1_000 })
  now = 999
  t.same(await counter.increment('a', 1_000), { current: 2, ttl: 1 })
  now = 1_000
  t.same(await counter.increment('a', 1_000), { current: 1, ttl: 1_000 })
})

t.test('the least recently seen keys are forgotten first, and no more than the maximum are remembered', async t => {
  const counter = new WindowCounter(3)
  for (const key of ['a', 'b', 'a', 'c', 'd']) await counter.increment(key, 60_000)
  t.equal((await counter.increment('a', 60_000)).current, 3)
  t.equal((await counter.increment('b', 60_000)).current, 1)
})
