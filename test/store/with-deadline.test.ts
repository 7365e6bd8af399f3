import { readFile } from 'node:fs/promises'
import t from 'tap'
import { withDeadline } from '../../src/store/with-deadline.js'

t.test('a promise that settles in time is passed through', async t => {
  t.equal(await withDeadline(Promise.resolve('kept'), 60_000), 'kept')
  await t.rejects(withDeadline(Promise.reject(new Error('refused')), 60_000), { message: 'refused' })
})

t.test('a promise that does not settle is a StoreError that says how long it took', async t => {
  await t.rejects(withDeadline(new Promise(() => {}), 20), { code: 'BOX_ERR_STORE', cause: { message: 'No response within 20 ms' } })
})

t.test('a rejection after the deadline is not unhandled', async t => {
  let fail = (_error: Error): void => {}
  const late = new Promise<never>((_resolve, reject) => { fail = reject })
  await t.rejects(withDeadline(late, 10), { code: 'BOX_ERR_STORE' })
  fail(new Error('late'))
  await t.rejects(late, { message: 'late' })
})

t.test('a pause of the process is not mistaken for a slow store', async t => {
  const answer = withDeadline(readFile(new URL(import.meta.url), 'utf8'), 200)
  // Nothing runs here for longer than the deadline, as if the machine had slept.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  t.match(await answer, 'as if the machine had slept')
})

t.test('no timer keeps the process alive after the promise settles', async t => {
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  await withDeadline(Promise.resolve(), 60_000)
  await new Promise(setImmediate)
  t.equal(timers(), before)
})
