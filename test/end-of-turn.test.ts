import t from 'tap'
import { endOfTurn } from '../src/end-of-turn.js'

t.test('all who wait in one turn continue together, after everything else in it', async t => {
  const order: string[] = []
  const waits = [1, 2, 3].map(async n => {
    await endOfTurn()
    order.push(`answer ${n}`)
  })
  process.nextTick(() => { order.push('next tick') })
  queueMicrotask(() => { order.push('microtask') })
  await Promise.all(waits)
  t.same([...order.slice(0, 2).sort(), ...order.slice(2)], ['microtask', 'next tick', 'answer 1', 'answer 2', 'answer 3'])
  t.equal(endOfTurn(), endOfTurn(), 'one wait serves all of a turn')
})

t.test('the next turn has its own end', async t => {
  const first = endOfTurn()
  await first
  const second = endOfTurn()
  t.not(second, first)
  t.resolves(second)
})
