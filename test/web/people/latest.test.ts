import t from 'tap'
import { mock } from 'node:test'
import { latest } from '../../../src/web/people/latest.js'

t.test('the first value is taken at once, and of a flood only the latest', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const taken: number[] = []
  const take = latest<number>(200, value => { taken.push(value) })
  take(1)
  t.same(taken, [1])
  for (let value = 2; value <= 1_000; value++) take(value)
  t.same(taken, [1])
  mock.timers.tick(200)
  t.same(taken, [1, 1_000])
  mock.timers.tick(1_000)
  t.same(taken, [1, 1_000], 'nothing is taken twice')
  take(1_001)
  t.same(taken, [1, 1_000, 1_001])
})
