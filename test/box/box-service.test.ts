import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { BoxService, type BoxRules } from '../../src/box/box-service.js'
import { dropAddress, newBoxId } from '../../src/box/capability.js'
import { labelOf } from '../../src/box/label.js'
import { NotFoundError, StoreError } from '../../src/errors.js'
import { memoryStore } from '../../src/store/memory.js'
import type { Limits } from '../../src/store/store.js'
import { watchStore } from '../../src/store/watch.js'
import { TestClock } from '../helpers/build.js'

const limits: Limits = { maxMessages: 10, maxBoxBytes: 1000 }
const rules: BoxRules = { ttl: 60, maxWaiters: 8, maxRoomWaiters: 64 }
const message = { text: '1', bytes: 1 }

function setUp () {
  const store = memoryStore()
  const clock = new TestClock()
  return { store, clock, service: new BoxService(store, clock, limits, rules) }
}

t.test('a box is stored under its drop address, and its id is not stored', async t => {
  const { store, clock, service } = setUp()
  const asked: unknown[] = []
  const { create } = store
  store.create = async (...args) => {
    asked.push(...args)
    await create.apply(store, args)
  }
  const { boxId, drop, expires } = await service.create()
  t.equal(drop, dropAddress(boxId))
  t.equal(expires, clock.now() + 60_000)
  t.same(asked.slice(0, 3), [drop, 60_000, clock.now()])
  t.notMatch(JSON.stringify(asked), boxId)
})

t.test('a room cannot keep messages longer than it lives', async t => {
  const { service } = setUp()
  await t.rejects(service.create({ keep: 61 }), { code: 'BOX_ERR_INVALID', message: /body\.keep: expected at most the ttl, 60/ })
  const { drop } = await service.create({ keep: 60 })
  t.equal((await service.read(drop, 0, 0)).keep, 60_000)
  const box = await service.create()
  t.equal((await service.read(box.drop, 0, 0)).keep, undefined)
})

t.test('of those who open a box at once, one creates it, and one event says so', async t => {
  const { clock, service } = setUp()
  const created: unknown[] = []
  service.events.on('created', event => { created.push(event) })
  const boxId = newBoxId()
  const drop = dropAddress(boxId)
  let asked = 0
  const open = async () => await service.open(boxId, drop, {}, undefined, async () => { asked++ })
  const opened = await Promise.all([open(), open()])
  t.same(opened.map(({ created }) => created), [true, false])
  t.equal(asked, 2)
  t.same(await open(), { boxId, drop, created: false, expires: clock.now() + 60_000 })
  t.equal(asked, 2, 'who finds it is not asked')
  t.same(created, [{ label: labelOf(drop), expires: new Date(clock.now() + 60_000) }])
})

t.test('opening a box fails if the store does not answer, or its creation is refused', async t => {
  const { store, service } = setUp()
  store.open = async () => { throw new Error('nothing may be created') }
  const boxId = newBoxId()
  await t.rejects(service.open(boxId, dropAddress(boxId), {}, undefined, async () => { throw new Error('too many') }), { message: 'too many' })
  store.read = async () => { throw new StoreError() }
  await t.rejects(service.open(boxId, dropAddress(boxId), {}, undefined, async () => {}), StoreError)
})

t.test('touching a box renews its lifetime, and fails if there is none', async t => {
  const { clock, service } = setUp()
  const { drop } = await service.create()
  clock.turn(50)
  await service.touch(drop)
  clock.turn(50)
  t.same((await service.read(drop, 0, 1)).texts, [])
  clock.turn(60)
  await t.rejects(service.touch(drop), NotFoundError)
})

t.test('an endpoint may keep boxes of its own in the store: their end is no event', async t => {
  const { store, clock, service } = setUp()
  const gone: string[] = []
  service.events.on('gone', ({ label }) => { gone.push(label) })
  const { drop } = await service.create({ ttl: 1 })
  for (const other of ['own', `own${drop}`, `${drop}own`]) await store.create(other, 1_000, clock.now(), limits)
  clock.turn(1)
  t.equal(await store.sweep(clock.now()), 4)
  t.same(gone, [labelOf(drop)])
})

t.test('a long-poll that finds a message, or may not wait, takes no place', async t => {
  const { store, service } = setUp()
  const { drop } = await service.create()
  const never = new AbortController().signal
  store.subscribe = async () => { throw new Error('it waits') }
  t.same((await service.longPoll(drop, 0, 10, 0, never)).texts, [])
  await service.append(drop, message)
  t.same((await service.longPoll(drop, 0, 10, 60, never)).texts, ['1'])
  const left = new AbortController()
  left.abort()
  t.same((await service.longPoll(drop, 1, 10, 60, left.signal)).texts, [])
  t.equal(service.waiters.size, 0)
})

t.test('a long-poll takes a place until a message comes', async t => {
  const { service } = setUp()
  const { drop } = await service.create()
  const page = service.longPoll(drop, 0, 10, 60, new AbortController().signal)
  for (let i = 0; i < 5; i++) await turn()
  t.equal(service.waiters.size, 1)
  await service.append(drop, message)
  t.same((await page).texts, ['1'])
  t.equal(service.waiters.size, 0)
})

t.test('whoever listens hears what happens to a box, from its creation to its end', async t => {
  const { clock, service } = setUp()
  const heard: unknown[] = []
  for (const name of ['created', 'stored', 'gone'] as const) service.events.on(name, event => { heard.push([name, event]) })
  const { drop } = await service.create({ ttl: 2 })
  t.same(await service.append(drop, message), { seq: 1, count: 1 })
  t.equal(await service.acknowledge(drop, 0), 1)
  t.same((await service.drain(drop, 10) as { texts: string[] }).texts, ['1'])
  const label = labelOf(drop)
  const start = [['created', { label, expires: new Date(service.now() + 2_000) }], ['stored', { label, seq: 1, count: 1 }]]
  await service.delete(drop)
  t.same(heard, [...start, ['gone', { label, reason: 'deleted' }]])
  const other = await service.create({ ttl: 2 })
  clock.turn(2)
  await t.rejects(service.read(other.drop, 0, 0), NotFoundError)
  t.same(heard.at(-1), ['gone', { label: labelOf(other.drop), reason: 'expired' }])
})

t.test('a store need not tell which boxes expire', async t => {
  const { watchExpiry: _, ...rest } = watchStore(memoryStore(), () => () => {})
  const service = new BoxService(rest, new TestClock(), limits, rules)
  await t.resolves(service.create())
  await service.close()
})

t.test('of the services of a store, one sweeps, and only until it is closed', async t => {
  const { store, clock, service } = setUp()
  const other = new BoxService(store, clock, limits, rules)
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  let sweeps = 0
  let running = 0
  store.sweep = async () => {
    t.equal(running++, 0, 'one at a time')
    sweeps++
    await turn()
    running--
    return 1
  }
  for (const each of [service, other]) each.start(error => { t.fail(String(error)) })
  mock.timers.tick(1_000)
  for (let i = 0; i < 20; i++) await turn()
  t.ok(sweeps >= 3)
  t.equal(service.closed, false)
  await service.close()
  t.equal(service.closed, true)
  for (let i = 0; i < 5; i++) await turn()
  const before = sweeps
  for (let i = 0; i < 10; i++) await turn()
  t.equal(sweeps, before, 'though boxes are still due')
  await other.close()
})

t.test('expired boxes are swept in the background, one sweep at a time, and a failed sweep is reported', async t => {
  const { store, clock, service } = setUp()
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const swept: number[] = []
  const errors: unknown[] = []
  let running = 0
  store.sweep = async now => {
    t.equal(running++, 0)
    swept.push(now)
    await turn()
    running--
    if (swept.length === 1) throw new Error('the sweep broke')
    return 0
  }
  service.start(error => { errors.push(error) })
  service.start(error => { errors.push(error) })
  mock.timers.tick(3_000)
  t.equal(swept.length, 1, 'no other begins meanwhile')
  for (let i = 0; i < 5; i++) await turn()
  mock.timers.tick(1_000)
  t.equal(swept.length, 2, 'the next one comes all the same')
  await service.close()
  t.match(errors, [{ message: 'the sweep broke' }])
  t.equal(swept[0], clock.now())
  for (let i = 0; i < 5; i++) await turn()
  mock.timers.tick(10_000)
  t.equal(swept.length, 2, 'closing ends it')
})

t.test('while boxes are due, steps of the sweep follow each other, and other work runs between them', async t => {
  const { store, service } = setUp()
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const order: string[] = []
  let left = 3
  store.sweep = async () => {
    order.push('sweep')
    setImmediate(() => { order.push('other work') })
    return left--
  }
  service.start(error => { t.fail(String(error)) })
  mock.timers.tick(1000)
  while (order.length < 8) await turn()
  t.same(order, Array.from({ length: 4 }, () => ['sweep', 'other work']).flat())
  await service.close()
})

t.test('closing is idempotent and closes the store', async t => {
  const { service } = setUp()
  const { drop } = await service.create()
  await Promise.all([service.close(), service.close()])
  await t.rejects(service.read(drop, 0, 1), StoreError)
})
