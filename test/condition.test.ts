import Fastify from 'fastify'
import t from 'tap'
import { Condition } from '../src/condition.js'

function condition () {
  const lines: Array<{ level: number, msg: string, failures?: number, seconds?: number }> = []
  const { log } = Fastify({ logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  const time = { now: 0 }
  return { lines, time, condition: new Condition(log, { level: 'warn', begins: 'It is away', ends: 'It is back,' }, () => time.now) }
}

t.test('however often it is met, it is logged once when it begins and once when it is over', async t => {
  const { lines, time, condition: away } = condition()
  away.notMet()
  for (let i = 0; i < 1000; i++) {
    away.met(new Error(`failure ${i}`))
    time.now += 10
  }
  t.equal(lines.length, 1)
  t.match(lines[0], { level: 40, msg: 'It is away', err: { message: 'failure 0' } })
  time.now += 5_000
  away.notMet()
  away.notMet()
  t.match(lines.slice(1), [{ level: 30, msg: 'It is back, after 1000 failures in 10 s', failures: 1000, seconds: 10 }])
  t.equal(lines.length, 2)
  away.met(new Error('anew'))
  time.now += 5_000
  away.notMet()
  t.match(lines.slice(2), [{ msg: 'It is away' }, { msg: 'It is back, after 1 failure in 0 s' }])
})

t.test('an intermittent condition counts as one', async t => {
  const { lines, time, condition: away } = condition()
  for (let i = 0; i < 1000; i++) {
    away.met(new Error('away'))
    time.now += 50
    away.notMet()
  }
  t.equal(lines.length, 1)
})
