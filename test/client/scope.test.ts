import { getEventListeners } from 'node:events'
import t from 'tap'
import { Scope } from '../../clients/typescript/src/scope.js'

t.test('a scope ends with its parent or its signal, with the reason of whichever comes first', async t => {
  const controller = new AbortController()
  const parent = new Scope()
  const children = [new Scope(parent, controller.signal), new Scope(parent), new Scope(undefined, controller.signal)] as const
  controller.abort(new Error('signal'))
  parent.end(new Error('parent'))
  parent.end(new Error('late'))
  t.strictSame(children.map(({ signal }) => signal.reason.message), ['signal', 'parent', 'signal'])
  t.match(new Scope(parent).signal.reason, { message: 'parent' }, 'also with what has ended')
  t.match(new Scope(undefined, controller.signal).signal.reason, { message: 'signal' })
})

t.test('many children cause no warning about listeners', async t => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => { process.off('warning', onWarning) })
  const controller = new AbortController()
  const parent = new Scope(undefined, controller.signal)
  const children = Array.from({ length: 50 }, () => [new Scope(parent), new Scope(undefined, controller.signal)]).flat()
  await new Promise(resolve => setImmediate(resolve))
  controller.abort()
  t.ok(children.every(({ signal }) => signal.aborted))
  t.strictSame(warnings, [])
})

t.test('no work begins in an ended scope', async t => {
  let begun = false
  await t.rejects(Scope.run(undefined, AbortSignal.abort(new Error('over')), async () => { begun = true }), { message: 'over' })
  t.notOk(begun)
})

t.test('work ends at its deadline, which a later one replaces', async t => {
  await t.rejects(Scope.run(undefined, undefined, () => new Promise(() => {}), 1), { name: 'TimeoutError' })
  const scope = new Scope()
  scope.deadline(1)
  scope.deadline(1e6)
  await scope.sleep(5)
  scope.deadline()
  scope.end()
})

t.test('a deadline beyond the longest timer is none', async t => {
  for (const ms of [2 ** 31, Number.MAX_SAFE_INTEGER, Infinity]) {
    t.equal(await Scope.run(undefined, undefined, async scope => { await scope.sleep(20); return 'done' }, ms), 'done')
  }
})

t.test('a sleep ends with its scope', async t => {
  const scope = new Scope()
  const pause = scope.sleep(1e6)
  scope.end(new Error('over'))
  await t.rejects(pause, { message: 'over' })
  await t.rejects(scope.sleep(1e6), { message: 'over' })
})

t.test('a signal has one listener, whatever depends on it', async t => {
  const { signal } = new AbortController()
  for (let i = 0; i < 20; i++) await Scope.run(undefined, signal, scope => scope.sleep(0), 1e6)
  await t.rejects(Scope.run(undefined, signal, async () => { throw new Error('no') }))
  t.equal(getEventListeners(signal, 'abort').length, 1)
})

t.test('no timer outlives its scope', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
  const before = timers()
  await Scope.run(undefined, undefined, scope => scope.sleep(0), 1e6)
  const scope = new Scope()
  const pause = scope.sleep(1e6)
  scope.deadline(1e6)
  t.equal(timers(), before + 2)
  scope.end(new Error('over'))
  await t.rejects(pause)
  t.equal(timers(), before)
})
