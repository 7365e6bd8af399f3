import t from 'tap'
import { Events } from '../../src/box/events.js'
import { labelOf } from '../../src/box/label.js'

const drop = `drop_${'A'.repeat(32)}`
const label = labelOf(drop)

t.test('a listener hears the events of its name until it is removed', async t => {
  const events = new Events()
  const heard: unknown[] = []
  t.equal(events.hears('stored'), false)
  const off = events.on('stored', event => { heard.push(event) })
  t.equal(events.hears('stored'), true)
  t.equal(events.hears('gone'), false)
  events.tell('stored', drop, { seq: 7, count: 2 })
  events.tell('gone', drop, { reason: 'deleted' })
  t.same(heard, [{ label, seq: 7, count: 2 }])
  off()
  off()
  events.tell('stored', drop, { seq: 8, count: 3 })
  t.equal(heard.length, 1)
  t.equal(events.hears('stored'), false)
})

t.test('a function that is registered twice is two listeners, and each is removed by itself', async t => {
  const events = new Events()
  let calls = 0
  const listener = () => { calls++ }
  const off = events.on('gone', listener)
  events.on('gone', listener)
  events.tell('gone', drop, { reason: 'expired' })
  t.equal(calls, 2)
  off()
  events.tell('gone', drop, { reason: 'expired' })
  t.equal(calls, 3)
})

t.test('a listener that is removed by another one still hears the event that is being told', async t => {
  const events = new Events()
  const heard: string[] = []
  events.on('gone', () => { heard.push('first'); offSecond() })
  const offSecond = events.on('gone', () => { heard.push('second') })
  events.tell('gone', drop, { reason: 'deleted' })
  t.same(heard, ['first', 'second'])
})

t.test('whatever a listener throws or rejects with is reported, and the others hear the event', async t => {
  const events = new Events()
  events.on('gone', () => { throw new Error('not reported before there is anybody to report to') })
  events.tell('gone', drop, { reason: 'deleted' })
  const errors: unknown[] = []
  events.onError = error => { errors.push(error) }
  let others = 0
  events.on('created', () => { throw new Error('thrown') })
  events.on('created', async () => { throw new Error('rejected') })
  events.on('created', () => { others++ })
  events.tell('created', drop, { expires: new Date() })
  await new Promise(resolve => setImmediate(resolve))
  t.match(errors, [{ message: 'thrown' }, { message: 'rejected' }])
  t.equal(others, 1)
})
