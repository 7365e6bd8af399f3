import assert from 'node:assert/strict'
import { MAX_KEYS, type Store } from '../store.js'
import { box, drainAll, limits, message, newDrop, start, TTL } from './boxes.js'
import { assertHas, untilFull, type Define, type Traits } from './define.js'

/** Expiry, and the space that all boxes share. */
export function lifetimeContract (test: Define, { turnsTime, countsBytes, sweeps }: Required<Traits>): void {
  const timed: Define = (name, run) => { test(name, run, turnsTime) }
  const capped: Define = (name, run) => { test(name, run, countsBytes) }

  timed('a box is gone at its deadline and not a millisecond before', async store => {
    const drop = await box(store)
    const unknown = { code: 'BOX_ERR_NOT_FOUND' }
    assertHas(await store.read(await box(store), 0, 1, start + TTL - 1), { texts: [] })
    await assert.rejects(store.read(drop, 0, 10, start + TTL), unknown)
    await assert.rejects(store.append(drop, message('1'), start + TTL, limits), unknown)
    await assert.rejects(store.acknowledge(drop, 0, start + TTL), unknown)
    await assert.rejects(store.drain(drop, start + TTL), unknown)
    await assert.rejects(store.delete(drop, start + TTL), unknown)
  })

  timed('every operation renews the box', async store => {
    const later = start + TTL / 2
    const renewing: Array<(drop: string) => Promise<unknown>> = [
      drop => store.append(drop, message('2'), later, limits),
      drop => store.append(drop, message('1', 'key'), later, limits),
      drop => store.read(drop, 0, 10, later),
      drop => store.acknowledge(drop, 0, later),
      drop => store.acknowledge(drop, 1, later),
      drop => store.drain(drop, later)
    ]
    for (const use of renewing) {
      const drop = await box(store)
      await store.append(drop, message('1', 'key'), start, limits)
      await use(drop)
      assert.equal((await store.read(drop, 1, 1, later)).expires, later + TTL, String(use))
      await store.read(drop, 1, 1, later + TTL - 1)
    }
  })

  timed('a renewal is skipped if it would move the deadline by an eighth of the TTL or less', async store => {
    const drop = await box(store)
    assert.equal((await store.read(drop, 0, 1, start + TTL / 8)).expires, start + TTL)
    assert.equal((await store.read(drop, 0, 1, start + TTL / 8 + 1)).expires, start + TTL / 8 + 1 + TTL)
    assert.equal((await drainAll(store, drop)).expires, start + TTL / 8 + 1 + TTL, 'a clock that jumped back takes nothing away')
  })

  timed('a refused operation does not renew the box', async store => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    const later = start + TTL / 2
    await assert.rejects(store.append(drop, message('2'), later, { ...limits, maxMessages: 1 }))
    await assert.rejects(store.append(drop, message('2', 'key'), later, limits))
    await assert.rejects(store.read(drop, 2, 1, later))
    await assert.rejects(store.acknowledge(drop, 2, later))
    await assert.rejects(store.read(drop, 0, 1, start + TTL), { code: 'BOX_ERR_NOT_FOUND' })
  })

  timed('a box created again under an expired name is new', async store => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    await store.create(drop, TTL, start + TTL, limits)
    assertHas(await store.read(drop, 0, 10, start + TTL), { texts: [], next: 0, expires: start + 2 * TTL })
    assert.deepEqual(await store.append(drop, message('2', 'key'), start + TTL, limits), { seq: 1, count: 1 })
  })

  capped('a full store refuses what is new and keeps what it has', async store => {
    const drop = await box(store)
    const large = message(JSON.stringify('x'.repeat(998)))
    const append = () => store.append(drop, large, start, cap)
    const create = () => store.create(newDrop(), TTL, start, cap)
    const full = { code: 'BOX_ERR_STORE_FULL' }
    const held = await untilFull(append)
    assert.ok(held >= 10)
    await untilFull(create)
    await assert.rejects(append(), full)
    assert.equal((await store.read(drop, 0, 1_000, start)).texts.length, held)
    await store.acknowledge(drop, 1, start)
    await append()
    await assert.rejects(append(), full)
    await assert.rejects(create(), full)
    assertHas(await store.drain(drop, start), { texts: Array.from({ length: held }, () => large.text), next: held + 1 })
    await create()
    assert.ok(await untilFull(append) >= held - 1)
    await store.delete(drop, start)
    await create()
    await assert.rejects(store.read(drop, 0, 1, start), { code: 'BOX_ERR_NOT_FOUND' })
  })

  capped('a full store refuses to replace a box, and keeps it', async store => {
    const drop = await box(store)
    await store.append(drop, message('1'), start, cap)
    await untilFull(() => store.create(newDrop(), TTL, start, cap))
    await assert.rejects(store.create(drop, TTL, start, cap), { code: 'BOX_ERR_STORE_FULL' })
    assertHas(await store.read(drop, 0, 10, start), { texts: ['1'], next: 1 })
  })

  capped('creating and deleting can continue forever under a cap', async store => {
    const boxes = await space(store)
    for (let round = 0; round < 300; round++) {
      const drop = newDrop()
      await store.create(drop, TTL, start, cap)
      await store.append(drop, message(JSON.stringify('x'.repeat(500)), 'a'), start, cap)
      await store.append(drop, message(JSON.stringify('é'.repeat(250)), 'b'), start, cap)
      await store.append(drop, message(JSON.stringify('x'.repeat(5000))), start, cap)
      if (round % 3 === 1) await store.acknowledge(drop, 2, start)
      if (round % 3 === 2) await store.drain(drop, start)
      await store.delete(drop, start)
    }
    assert.equal(await space(store), boxes, 'nothing was left of them')
  })

  capped('forgotten keys cost nothing', async store => {
    const drop = await box(store)
    const wide = { ...limits, maxStoreBytes: 2 * 1024 * 1024 }
    const keyed = async (n: number): Promise<void> => {
      await store.append(drop, message('0', `key-${String(n).padStart(9, '0')}`), start, wide)
      await store.drain(drop, start)
    }
    for (let n = 0; n < MAX_KEYS; n++) await keyed(n)
    const others: string[] = []
    await untilFull(() => {
      others.push(newDrop())
      return store.create(others.at(-1) as string, TTL, start, wide)
    })
    for (const other of others.slice(0, 9)) await store.delete(other, start)
    for (let n = MAX_KEYS; n < MAX_KEYS + 100; n++) await keyed(n)
  })

  test('a sweep frees the expired boxes, a step at a time, and no other', async store => {
    const alive = newDrop()
    const renewed = newDrop()
    await store.create(alive, 2 * TTL, start, cap)
    await store.create(renewed, TTL, start, cap)
    const create = () => store.create(newDrop(), TTL, start, cap)
    const others = await untilFull(create)
    await store.read(renewed, 0, 1, start + TTL / 2)
    assert.equal(await sweepAll(store, start + TTL - 1), 0)
    await assert.rejects(create(), { code: 'BOX_ERR_STORE_FULL' })
    assert.equal(await sweepAll(store, start + TTL), others)
    assert.equal(await untilFull(create), others)
    await store.read(alive, 0, 1, start + TTL)
    await store.read(renewed, 0, 1, start + TTL)
    assert.equal(await sweepAll(store, start + 9 * TTL), others + 2)
    assert.equal(await space(store), others + 2)
  }, turnsTime && countsBytes && sweeps)

  test('a watcher hears once of each box that has expired, if the store tells', async store => {
    if (store.watchExpiry === undefined) return
    const heard: string[] = []
    const leave = store.watchExpiry(drop => { heard.push(drop) })
    const [swept, read, created, opened, deleted] = [newDrop(), newDrop(), newDrop(), newDrop(), newDrop()]
    for (const drop of [swept, read, created, opened, deleted]) await store.create(drop, TTL, start, limits)
    await store.create(newDrop(), 2 * TTL, start, limits)
    await store.delete(deleted, start)
    await assert.rejects(store.read(read, 0, 1, start + TTL), { code: 'BOX_ERR_NOT_FOUND' })
    // Boxes of these names are created again before anything has freed the old ones.
    await store.create(created, 2 * TTL, start + TTL, limits)
    await store.open(opened, 2 * TTL, start + TTL, limits)
    await sweepAll(store, start + TTL)
    assert.deepEqual(heard.sort(), [swept, read, created, opened].sort())
    leave()
    await sweepAll(store, start + 3 * TTL)
    assert.equal(heard.length, 4)
  }, turnsTime && sweeps)
}

const cap = { ...limits, maxStoreBytes: 100_000 }

/** How many boxes fit into the store. Leaves it as it was. */
async function space (store: Store): Promise<number> {
  const drops: string[] = []
  const count = await untilFull(async () => {
    const drop = newDrop()
    await store.create(drop, TTL, start, cap)
    drops.push(drop)
  })
  for (const drop of drops) await store.delete(drop, start)
  return count
}

/** Sweeps until nothing more is due. */
async function sweepAll (store: Store, now: number): Promise<number> {
  let freed = 0
  for (let step = await store.sweep(now); step > 0; step = await store.sweep(now)) freed += step
  return freed
}
