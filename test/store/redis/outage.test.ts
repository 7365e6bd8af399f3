import t from 'tap'
import { Outage } from '../../../src/store/redis/outage.js'

t.test('an outage is logged once when it begins and once when it has been over for a while', async t => {
  const lines: string[] = []
  let now = 0
  const outage = new Outage((level, message) => { lines.push(`${level} ${message}`) }, 'It fails', 'It works again', () => now)
  outage.worked()
  for (let i = 0; i < 10; i++) {
    now += 1_000
    outage.failed(`reason ${i}`)
    outage.worked()
  }
  t.strictSame(lines, ['error It fails: reason 0'])
  now += 5_000
  outage.worked()
  outage.worked()
  t.strictSame(lines.slice(1), ['info It works again'])
  outage.failed('again')
  t.strictSame(lines.slice(2), ['error It fails: again'])
})
