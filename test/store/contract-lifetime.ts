import { BOX_COST, KEY_COST, MESSAGE_COST } from '../../src/store/cost.js'
import { MAX_KEYS, type Store } from '../../src/store/store.js'
import { box, limits, message, newDrop, start, TTL } from './boxes.js'
import type { Define, Traits } from './contract.js'

/** When a box goes, and the room that all of them share. */
export function lifetimeContract (test: Define, { turnsTime, countsBytes, sweeps }: Required<Traits>): void {
  const timed: Define = (name, run) => { test(name, run, turnsTime) }
  const capped: Define = (name, run) => { test(name, run, countsBytes) }

  timed('a box is gone at its deadline and not a millisecond before', async (t, store) => {
    const drop = await box(store)
    const unknown = { code: 'BOX_ERR_NOT_FOUND' }
    t.match(await store.read(await box(store), 0, 1, start + TTL - 1), { texts: [] })
    await t.rejects(store.read(drop, 0, 10, start + TTL), unknown)
    await t.rejects(store.append(drop, message('1'), start + TTL, limits), unknown)
    await t.rejects(store.acknowledge(drop, 0, start + TTL), unknown)
    await t.rejects(store.drain(drop, start + TTL), unknown)
    await t.rejects(store.delete(drop, start + TTL), unknown)
  })

  timed('every operation renews the box', async (t, store) => {
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
      t.equal((await store.read(drop, 1, 1, later)).expires, later + TTL, String(use))
      await store.read(drop, 1, 1, later + TTL - 1)
    }
  })

  timed('a renewal is left out while it would move the deadline by an eighth of the TTL or less', async (t, store) => {
    const drop = await box(store)
    t.equal((await store.read(drop, 0, 1, start + TTL / 8)).expires, start + TTL)
    t.equal((await store.read(drop, 0, 1, start + TTL / 8 + 1)).expires, start + TTL / 8 + 1 + TTL)
    t.equal((await store.drain(drop, start)).expires, start + TTL / 8 + 1 + TTL, 'a clock that jumped back takes nothing away')
  })

  timed('a refused operation does not renew the box', async (t, store) => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    const later = start + TTL / 2
    await t.rejects(store.append(drop, message('2'), later, { ...limits, maxMessages: 1 }))
    await t.rejects(store.append(drop, message('2', 'key'), later, limits))
    await t.rejects(store.read(drop, 2, 1, later))
    await t.rejects(store.acknowledge(drop, 2, later))
    await t.rejects(store.read(drop, 0, 1, start + TTL), { code: 'BOX_ERR_NOT_FOUND' })
  })

  timed('a box made again under an expired name is new', async (t, store) => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    await store.create(drop, TTL, start + TTL, limits)
    t.match(await store.read(drop, 0, 10, start + TTL), { texts: [], next: 0, expires: start + 2 * TTL })
    t.strictSame(await store.append(drop, message('2', 'key'), start + TTL, limits), { seq: 1, count: 1 })
  })

  capped('a full store refuses what is new and keeps what it has', async (t, store) => {
    const capacity = 3 * BOX_COST + MESSAGE_COST + 100
    const cap = { ...limits, maxStoreBytes: capacity }
    const drops = [newDrop(), newDrop(), newDrop(), newDrop()] as const
    for (const drop of drops.slice(0, 3)) await store.create(drop, TTL, start, cap)
    await t.rejects(store.create(drops[3], TTL, start, cap), { code: 'BOX_ERR_STORE_FULL' })
    await t.rejects(store.append(drops[0], message(JSON.stringify('x'.repeat(99))), start, cap), { code: 'BOX_ERR_STORE_FULL' })
    const fits = message(JSON.stringify('x'.repeat(98)))
    t.strictSame(await store.append(drops[0], fits, start, cap), { seq: 1, count: 1 })
    await t.rejects(store.append(drops[1], message('1'), start, cap), { code: 'BOX_ERR_STORE_FULL' })
    t.match(await store.drain(drops[0], start), { texts: [fits.text] })
    t.strictSame(await store.append(drops[1], fits, start, cap), { seq: 1, count: 1 })
    await store.acknowledge(drops[1], 1, start)
    t.strictSame(await store.append(drops[2], fits, start, cap), { seq: 1, count: 1 })
    await store.delete(drops[2], start)
    await store.create(drops[3], TTL, start, cap)
    await t.rejects(store.read(drops[2], 0, 1, start), { code: 'BOX_ERR_NOT_FOUND' })
  })

  capped('making and deleting goes on forever under a cap', async (t, store) => {
    const bytes = 3 * BOX_COST
    const cap = { ...limits, maxStoreBytes: 2 * BOX_COST + 3 * MESSAGE_COST + 2 * KEY_COST + bytes }
    for (let round = 0; round < 50; round++) {
      const drop = newDrop()
      await store.create(drop, TTL, start, cap)
      await store.append(drop, message(JSON.stringify('x'.repeat(BOX_COST - 2)), 'a'), start, cap)
      await store.append(drop, message(JSON.stringify('é'.repeat(BOX_COST / 2 - 1)), 'b'), start, cap)
      await store.append(drop, message(JSON.stringify('x'.repeat(BOX_COST - 2))), start, cap)
      if (round % 3 === 1) await store.acknowledge(drop, 2, start)
      if (round % 3 === 2) await store.drain(drop, start)
      await store.delete(drop, start)
    }
    await store.create(newDrop(), TTL, start, { ...limits, maxStoreBytes: BOX_COST })
    t.pass('nothing was left of them')
  })

  capped('forgotten keys cost nothing', async (t, store) => {
    const drop = await box(store)
    const cap = { ...limits, maxMessages: 10, maxStoreBytes: BOX_COST + MESSAGE_COST + 10 + (MAX_KEYS + 1) * KEY_COST }
    for (let n = 0; n < MAX_KEYS + 20; n++) {
      await store.append(drop, message('0', `key ${n}`), start, cap)
      await store.drain(drop, start)
    }
    t.equal((await store.drain(drop, start)).next, MAX_KEYS + 20)
  })

  test('a sweep frees the expired boxes, a step at a time, and no other', async (t, store) => {
    const cap = { ...limits, maxStoreBytes: 40 * BOX_COST }
    const alive = newDrop()
    const renewed = newDrop()
    await store.create(alive, 2 * TTL, start, cap)
    await store.create(renewed, TTL, start, cap)
    for (let n = 2; n < 40; n++) await store.create(newDrop(), TTL, start, cap)
    await store.read(renewed, 0, 1, start + TTL / 2)
    t.equal(await sweepAll(store, start + TTL - 1), 0)
    await t.rejects(store.create(newDrop(), TTL, start, cap), { code: 'BOX_ERR_STORE_FULL' })
    t.equal(await sweepAll(store, start + TTL), 38)
    t.equal(await sweepAll(store, start + TTL), 0)
    for (let n = 2; n < 40; n++) await store.create(newDrop(), TTL, start, cap)
    await store.read(alive, 0, 1, start + TTL)
    await store.read(renewed, 0, 1, start + TTL)
    t.equal(await sweepAll(store, start + 9 * TTL), 40)
    await store.create(newDrop(), TTL, start, { ...limits, maxStoreBytes: BOX_COST })
  }, turnsTime && countsBytes && sweeps)
}

/** Steps until several in a row had nothing to do. */
async function sweepAll (store: Store, now: number): Promise<number> {
  let freed = 0
  for (let idle = 0; idle < 3;) {
    const step = await store.sweep(now)
    freed += step
    idle = step === 0 ? idle + 1 : 0
  }
  return freed
}
