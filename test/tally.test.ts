import t from 'tap'
import { Tally } from '../src/tally.js'

t.test('it sums per key and in total', async t => {
  const tally = new Tally()
  tally.add('a', 2)
  tally.add('b', 5)
  tally.add('a', -1)
  t.same([tally.of('a'), tally.of('b'), tally.of('c'), tally.total], [1, 5, 0, 6])
  tally.add('a', -1)
  t.same([tally.of('a'), tally.total], [0, 5])
})
