import assert from 'node:assert/strict'
import type { Held, Limits, Store } from '../store.js'
import { box, drainAll, limits, message, newDrop, start, TTL } from './boxes.js'
import { assertHas, type Define, type Traits } from './define.js'

const KEEP = 10_000

/** Boxes whose messages expire. */
export function roomContract (test: Define, { turnsTime, countsBytes, sweeps, freeBytes }: Required<Traits>): void {
  const timed: Define = (name, run, trait = true) => { test(name, run, turnsTime && trait) }
  const three: Limits = { ...limits, maxMessages: 3 }

  async function room (store: Store, within = limits, holder?: string): Promise<string> {
    const drop = newDrop()
    await store.create(drop, TTL, start, within, holder, KEEP)
    return drop
  }
  const texts = async (store: Store, drop: string, now = start, after = 0): Promise<string[]> => (await store.read(drop, after, 1_000, now)).texts

  timed('a message of a room is gone after its time and not a millisecond before', async store => {
    const drop = await room(store)
    await store.append(drop, message('1'), start, limits)
    await store.append(drop, message('2'), start + 1, limits)
    assert.deepEqual(await store.read(drop, 0, 10, start + KEEP - 1), { texts: ['1', '2'], next: 2, expires: start + TTL, keep: KEEP })
    assertHas(await store.read(drop, 0, 10, start + KEEP), { texts: ['2'], next: 2 })
    assertHas(await store.read(drop, 0, 10, start + KEEP + 1), { texts: [], next: 0 })
    assert.deepEqual(await store.append(drop, message('3'), start + KEEP + 1, limits), { seq: 3, count: 1 })
    assertHas(await store.read(drop, 0, 10, start + KEEP + 1), { texts: ['3'], next: 3 })
  })

  timed('every operation sees only what a room still keeps', async store => {
    const later = start + KEEP
    const uses: Array<[use: (drop: string) => Promise<unknown>, result: unknown]> = [
      [async drop => await store.append(drop, message('4'), later, limits), { seq: 4, count: 2 }],
      [async drop => (await store.read(drop, 0, 1, later)).texts, ['3']],
      [async drop => await store.acknowledge(drop, 0, later), 1],
      [async drop => await store.acknowledge(drop, 1, later), 1],
      [async drop => await store.acknowledge(drop, 3, later), 0],
      [async drop => (await drainAll(store, drop, later)).texts, ['3']],
      [async drop => await store.drain(drop, later, 1), { needs: 2 }]
    ]
    for (const [use, result] of uses) {
      const drop = await room(store)
      for (const [text, now] of [['1', start], ['2', start], ['3', start + 1]] as const) await store.append(drop, message(text), now, limits)
      assert.deepEqual(await use(drop), result, String(use))
    }
  })

  test('a full room drops its oldest messages, by number and by size', async store => {
    const byNumber = await room(store)
    for (let n = 1; n <= 5; n++) assert.deepEqual(await store.append(byNumber, message(`${n}`), start, three), { seq: n, count: Math.min(n, 3) })
    assertHas(await store.read(byNumber, 0, 10, start), { texts: ['3', '4', '5'], next: 5 })
    const small: Limits = { ...limits, maxBoxBytes: 10 }
    const bySize = await room(store)
    for (const text of ['1234', '"é"', '12']) await store.append(bySize, message(text), start, small)
    assert.deepEqual(await texts(store, bySize), ['1234', '"é"', '12'])
    assert.deepEqual(await store.append(bySize, message('123456'), start, small), { seq: 4, count: 2 })
    assert.deepEqual(await texts(store, bySize), ['12', '123456'])
    assert.deepEqual(await store.append(bySize, message('1234567890'), start, small), { seq: 5, count: 1 })
    await assert.rejects(store.append(bySize, message('12345678901'), start, small), { code: 'BOX_ERR_FULL' })
    assert.deepEqual(await texts(store, bySize), ['1234567890'])
  })

  test('a reader behind the front of a room goes on at the front, and numbers are never reused', async store => {
    const drop = await room(store)
    for (let n = 1; n <= 100; n++) await store.append(drop, message(`${n}`), start, { ...limits, maxMessages: 40 })
    assertHas(await store.read(drop, 1, 2, start), { texts: ['61', '62'], next: 62 })
    assertHas(await store.read(drop, 62, 2, start), { texts: ['63', '64'], next: 64 })
    assertHas(await store.read(drop, 100, 2, start), { texts: [], next: 100 })
    await assert.rejects(store.read(drop, 101, 2, start), { code: 'BOX_ERR_CURSOR' })
    assert.equal(await store.acknowledge(drop, 70, start), 30)
    assertHas(await store.drain(drop, start), { next: 100 })
    assert.deepEqual(await store.append(drop, message('101'), start, limits), { seq: 101, count: 1 })
  })

  test('a box without keep refuses when it is full, as before', async store => {
    const drop = await box(store)
    for (let n = 1; n <= 3; n++) await store.append(drop, message(`${n}`), start, three)
    await assert.rejects(store.append(drop, message('4'), start, three), { code: 'BOX_ERR_FULL' })
    assert.equal('keep' in await store.read(drop, 0, 1, start), false)
  })

  test('a key is known although its message was dropped', async store => {
    const drop = await room(store)
    const first = await store.append(drop, message('1', 'key'), start, three)
    for (let n = 2; n <= 4; n++) await store.append(drop, message(`${n}`), start, three)
    assert.deepEqual(await store.append(drop, message('1', 'key'), start, three), first)
    await assert.rejects(store.append(drop, message('2', 'key'), start, three), { code: 'BOX_ERR_IDEMPOTENCY' })
    assert.deepEqual(await texts(store, drop), ['2', '3', '4'])
  })

  test('opening creates a room, and leaves an existing box as it is', async store => {
    const drop = newDrop()
    await store.open(drop, TTL, start, limits, undefined, KEEP)
    assertHas(await store.read(drop, 0, 1, start), { keep: KEEP })
    await store.open(drop, TTL, start, limits, undefined, 2 * KEEP)
    await store.open(drop, TTL, start, limits)
    assertHas(await store.read(drop, 0, 1, start), { keep: KEEP })
    const other = await box(store)
    await store.open(other, TTL, start, limits, undefined, KEEP)
    assert.equal('keep' in await store.read(other, 0, 1, start), false)
  })

  timed('when a clock is set back, nothing expires before what is older', async store => {
    const drop = await room(store)
    await store.append(drop, message('1'), start + 5, limits)
    await store.append(drop, message('2'), start, limits)
    assert.deepEqual(await texts(store, drop, start + KEEP + 4), ['1', '2'])
    assert.deepEqual(await texts(store, drop, start + KEEP + 5), [])
  })

  const large = message(JSON.stringify('x'.repeat(9_998)))
  const held = (bytes: number): Limits & { held: Held } => ({ ...limits, maxMessages: 10, held: { boxes: 10, bytes } })

  test('what a full room has dropped counts no more against its holder', async store => {
    const within = held(200_000)
    const drop = await room(store, within, 'a')
    for (let n = 1; n <= 100; n++) await store.append(drop, large, start, within)
    const other = await room(store, within, 'a')
    for (let n = 1; n <= 5; n++) await store.append(other, large, start, within)
    assert.equal((await texts(store, drop)).length, 10)
  })

  test('a room drops nothing that it would not gain space by', async store => {
    const within = held(55_000)
    const drop = await room(store, within, 'a')
    let count = 0
    await assert.rejects(async () => { for (; count < 10; count++) await store.append(drop, large, start, within) }, { code: 'BOX_ERR_HELD' })
    assert.ok(count * 10_000 <= 55_000 + freeBytes)
    assert.equal((await texts(store, drop)).length, count)
  })

  timed('what has expired counts no more against its holder', async store => {
    const within = held(120_000)
    const drop = await room(store, within, 'a')
    for (let round = 0; round < 5; round++) {
      const now = start + round * KEEP
      while (await store.sweep(now) > 0);
      for (let n = 1; n <= 8; n++) await store.append(drop, large, now, within)
      assert.equal((await texts(store, drop, now)).length, 8)
    }
    const now = start + 5 * KEEP
    assert.deepEqual(await texts(store, drop, now), [])
    while (await store.sweep(now) > 0);
    const other = newDrop()
    await store.create(other, TTL, now, within, 'a', KEEP)
    for (let n = 1; n <= 8; n++) await store.append(other, large, now, within)
  })

  timed('a sweep frees what has expired, and only that', async store => {
    const cap = { ...limits, maxStoreBytes: 60_000 }
    const drops = [await room(store, cap), await room(store, cap)]
    for (const drop of drops) for (let n = 0; n < 2; n++) await store.append(drop, large, start + n, cap)
    assert.equal(await store.sweep(start + KEEP - 1), 0)
    await assert.rejects(store.append(await box(store), { ...large, bytes: 30_000 }, start, cap), { code: 'BOX_ERR_STORE_FULL' })
    let freed = 0
    for (let step = 1; step > 0; freed += step) step = await store.sweep(start + KEEP)
    assert.equal(freed, 2)
    for (const drop of drops) assertHas(await store.read(drop, 0, 10, start + KEEP), { next: 2, texts: [large.text] })
    while (await store.sweep(start + KEEP + 1) > 0);
    await store.append(drops[0] as string, large, start + KEEP + 1, cap)
    assertHas(await store.read(drops[0] as string, 0, 10, start + KEEP + 1), { next: 3, texts: [large.text] })
  }, countsBytes && sweeps)
}
