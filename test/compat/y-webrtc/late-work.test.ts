import t from 'tap'
import { LateWork } from '../../../src/compat/y-webrtc/late-work.js'

t.test('what is late keeps its order, and whoever adds too much waits for it', async t => {
  const errors: unknown[] = []
  const late = new LateWork(error => { errors.push(error) })
  const done: string[] = []
  let release = (): void => {}
  await late.add('a', 1, () => new Promise(resolve => { release = resolve }))
  for (let n = 0; n < 100; n++) await late.add('b', 1_000, async () => { done.push(`small ${n}`) })
  const large = late.add('a', 256 * 1024, async () => {
    done.push('large')
    throw new Error('broken')
  }).then(() => { done.push('waited') })
  t.ok(late.has('a') && late.has('b') && !late.has('c'))
  t.same(done, [])
  release()
  await large
  t.same(done, [...Array.from({ length: 100 }, (_, n) => `small ${n}`), 'large', 'waited'])
  t.match(errors, [{ message: 'broken' }])
  await late.done
  t.ok(!late.has('a') && !late.has('b'))
})
