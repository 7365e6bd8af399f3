import { getEventListeners } from 'node:events'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { dropAddress, newBoxId } from '../../src/box/capability.js'
import { Waiters } from '../../src/box/waiters.js'
import { NotFoundError, RateError, StoreError } from '../../src/errors.js'
import { memoryStore } from '../../src/store/memory.js'
import { TestClock } from '../helpers/build.js'
import { watchedStore } from '../helpers/stream-reader.js'

const limits = { maxMessages: 100, maxBoxBytes: 1000 }
const never = new AbortController().signal

async function setUp (maxPerBox = 8) {
  const watch = watchedStore()
  const clock = new TestClock()
  const drop = dropAddress(newBoxId())
  await watch.store.create(drop, 60_000, clock.now(), limits)
  const append = (text: string) => watch.store.append(drop, { text, bytes: text.length }, clock.now(), limits)
  return { watch, clock, drop, append, waiters: new Waiters(watch.store, clock, { maxWaiters: maxPerBox, maxRoomWaiters: maxPerBox + 2 }) }
}

/** Resolves when whatever can run without a timer has run. */
async function settle (): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

function mockTimers (t: Test): void {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
}

t.test('a message between the subscription and the read is found', async t => {
  const { drop, append, waiters } = await setUp()
  const waiter = await waiters.open(drop, never)
  await append('1')
  t.same((await waiter.next(0, 10, 60_000)).texts, ['1'])
  waiter.close()
})

t.test('a message during the read is found', async t => {
  const { watch, drop, append, waiters } = await setUp()
  const { read } = watch.store
  let raced = false
  watch.store.read = async (...args) => {
    const page = await read.apply(watch.store, args)
    if (!raced) {
      raced = true
      await append('1')
    }
    return page
  }
  const waiter = await waiters.open(drop, never)
  t.same((await waiter.next(0, 10, 60_000)).texts, ['1'])
  waiter.close()
})

t.test('a message during a read that fails ends the pause after it', async t => {
  const { watch, drop, append, waiters } = await setUp()
  watch.store.read = async () => {
    await append('1')
    throw new StoreError()
  }
  const waiter = await waiters.open(drop, never)
  await t.rejects(waiter.next(0, 10, 60_000), StoreError)
  let resumed = false
  const pause = waiter.pause(60_000).then(() => { resumed = true })
  await new Promise(resolve => setImmediate(resolve))
  t.equal(resumed, true)
  waiter.close()
  await pause
})

t.test('places are counted per box, and freed once', async t => {
  const { watch, drop, waiters } = await setUp(2)
  const [one, two] = [await waiters.open(drop, never), await waiters.open(drop, never)]
  await t.rejects(waiters.open(drop, never), RateError)
  one.close()
  one.close()
  const three = await waiters.open(drop, never)
  await t.rejects(waiters.open(drop, never), RateError)
  two.close()
  three.close()
  t.equal(waiters.size, 0)
  t.equal(watch.open, 0)
})

t.test('a room may also have fewer readers waiting than a box', async t => {
  const { watch, clock } = await setUp()
  const waiters = new Waiters(watch.store, clock, { maxWaiters: 3, maxRoomWaiters: 1 })
  const [room, box] = [dropAddress(newBoxId()), dropAddress(newBoxId())]
  await watch.store.create(room, 60_000, clock.now(), limits, undefined, 60_000)
  await watch.store.create(box, 60_000, clock.now(), limits)
  const open = [await waiters.open(room, never)]
  await t.rejects(waiters.open(room, never), RateError)
  for (let n = 0; n < 3; n++) open.push(await waiters.open(box, never))
  await t.rejects(waiters.open(box, never), RateError)
  for (const waiter of open) waiter.close()
})

t.test('a reader that disconnected before, during or after the subscription holds no place', async t => {
  const { watch, drop, waiters } = await setUp(1)
  const gone = new AbortController()
  gone.abort()
  t.equal((await waiters.open(drop, gone.signal)).closed, true)

  const going = new AbortController()
  const opening = waiters.open(drop, going.signal)
  going.abort()
  t.equal((await opening).closed, true)

  const later = new AbortController()
  const waiter = await waiters.open(drop, later.signal)
  later.abort()
  t.equal(waiter.closed, true)
  t.equal(waiters.size, 0)
  t.equal(watch.open, 0)
  for (const { signal } of [gone, going, later]) t.equal(getEventListeners(signal, 'abort').length, 0)
})

t.test('a failed subscription holds no place', async t => {
  const { watch, drop, waiters } = await setUp(1)
  const { subscribe } = watch.store
  watch.store.subscribe = async () => { throw new StoreError() }
  await t.rejects(waiters.open(drop, never), StoreError)
  watch.store.subscribe = subscribe
  ;(await waiters.open(drop, never)).close()
  t.equal(waiters.size, 0)
})

t.test('ending all waiters also ends future ones', async t => {
  const { watch, drop, waiters } = await setUp()
  const waiter = await waiters.open(drop, never)
  const next = waiter.next(0, 10, 60_000)
  waiters.endAll()
  t.same((await next).texts, [])
  const late = await waiters.open(drop, never)
  t.equal(late.closed, true)
  t.same((await late.next(0, 10, 60_000)).texts, [])
  waiters.endAll()
  t.equal(waiters.size, 0)
  t.equal(watch.open, 0)
})

t.test('a wake-up without a change does not end a wait', async t => {
  const watch = watchedStore()
  const clock = new TestClock()
  const drop = dropAddress(newBoxId())
  await watch.store.create(drop, 60_000, clock.now(), limits)
  let wake = (): void => {}
  watch.store.subscribe = async (_drop, listener) => {
    wake = listener
    return () => {}
  }
  const waiter = await new Waiters(watch.store, clock, { maxWaiters: 1, maxRoomWaiters: 1 }).open(drop, never)
  let done = false
  const next = waiter.next(0, 10, 60_000).finally(() => { done = true })
  for (let i = 0; i < 5; i++) {
    wake()
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal(done, false)
  waiter.close()
  t.same((await next).texts, [])
})

t.test('a deleted box ends the wait with its error', async t => {
  const { watch, clock, drop, waiters } = await setUp()
  const waiter = await waiters.open(drop, never)
  const next = waiter.next(0, 10, 60_000)
  await watch.store.delete(drop, clock.now())
  await t.rejects(next, NotFoundError)
  waiter.close()
})

t.test('waiting on a box that never existed fails at the first read', async t => {
  const store = memoryStore()
  const clock = new TestClock()
  const waiter = await new Waiters(store, clock, { maxWaiters: 1, maxRoomWaiters: 1 }).open(dropAddress(newBoxId()), never)
  await t.rejects(waiter.next(0, 10, 60_000), NotFoundError)
  waiter.close()
})

t.test('a waiting reader looks again after half of what is left of the lifetime, but never at once', async t => {
  const { watch, clock, drop, waiters } = await setUp()
  mockTimers(t)
  let reads = 0
  const { read } = watch.store
  let left = 60_000
  watch.store.read = async (...args) => {
    reads++
    return { ...await read.apply(watch.store, args), expires: clock.now() + left }
  }
  const waiter = await waiters.open(drop, never)
  const next = waiter.next(0, 10, 3_600_000)
  await settle()
  for (const [sleep, after] of [[30_000, 2], [20, 60_000]] as const) {
    reads = 0
    mock.timers.tick(sleep - 1)
    await settle()
    t.equal(reads, 0)
    left = after
    mock.timers.tick(1)
    await settle()
    t.equal(reads, 1)
  }
  waiter.close()
  t.same((await next).texts, [])
})

t.test('a wait ends without a message when its time is over', async t => {
  const { drop, waiters } = await setUp()
  const waiter = await waiters.open(drop, never)
  for (const timeout of [0, 1]) t.same((await waiter.next(0, 10, timeout)).texts, [])
  waiter.close()
})

t.test('the timer of a wait that a message ended does not make the next one deaf', async t => {
  const { drop, append, waiters } = await setUp()
  mockTimers(t)
  const waiter = await waiters.open(drop, never)
  const ended: number[] = []
  const pause = async (ms: number) => { await waiter.look(0, 0); await waiter.pause(ms); ended.push(ms) }
  const first = pause(100)
  await settle()
  await append('1')
  await first
  const second = pause(1_000)
  await settle()
  mock.timers.tick(100)
  await settle()
  t.same(ended, [100])
  await append('2')
  await settle()
  t.same(ended, [100, 1_000])
  waiter.close()
  await second
})
