import t from 'tap'
import { Backlog, oldestOfMost } from '../../../src/web/chat/backlog.js'

t.test('messages are taken in the order in which they came', async t => {
  const backlog = new Backlog()
  for (const text of ['a', 'b', 'c']) backlog.add({ text, from: 'Ada' })
  t.same(backlog.take(2).map(({ text }) => text), ['a', 'b'])
  t.same(backlog.take().map(({ text }) => text), ['c'])
  t.same(backlog.take(), [])
})

t.test('whoever floods the chat loses their own messages, and nobody else\'s', async t => {
  const backlog = new Backlog()
  backlog.add({ text: 'hello', from: 'Ada' })
  for (let n = 0; n < 5_000; n++) backlog.add({ text: String(n), from: 'Mallory' })
  backlog.add({ text: 'bye', from: 'Ada' })
  const taken = backlog.take()
  t.equal(taken.length, 500)
  t.same(taken.filter(({ from }) => from === 'Ada').map(({ text }) => text), ['hello', 'bye'])
  t.same(taken.at(-2), { text: '4999', from: 'Mallory' }, 'the newest stay')
})

t.test('who has most is found, and the first of equals', async t => {
  t.equal(oldestOfMost(['Ada', 'Mallory', 'Mallory']), 1)
  t.equal(oldestOfMost([undefined, 'Ada', undefined]), 0)
  t.equal(oldestOfMost(['Ada', 'Ben']), 0)
})
