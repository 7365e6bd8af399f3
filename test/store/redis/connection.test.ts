import t from 'tap'
import { Condition } from '../../../src/condition.js'
import { loggerOf } from '../../../src/store/redis/connection.js'

t.test('the log says once why something fails, without the error around the reason, and once that it is over', async t => {
  const lines: string[] = []
  let now = 0
  const logger = loggerOf((level, message) => { lines.push(`${level} ${message}`) })
  const failing = new Condition(logger, { level: 'error', begins: 'It fails', ends: 'It works again,' }, () => now)
  failing.met(new Error('wrapped', { cause: new Error('first reason') }))
  failing.met(new Error('second reason'))
  now += 5_000
  failing.notMet()
  failing.met(new Error('third reason'))
  t.strictSame(lines, ['error It fails: first reason', 'info It works again, after 2 failures in 0 s', 'error It fails: third reason'])
})
