import assert from 'node:assert/strict'
import type { Held, Store } from '../store.js'
import { box, limits, message, newDrop, start, TTL } from './boxes.js'
import { assertHas, untilFull, type Define, type Traits } from './define.js'

/** Boxes that several callers may create. */
export function openingContract (test: Define, { turnsTime, countsBytes }: Required<Traits>): void {
  const within = (held: Held) => ({ ...limits, held })
  const bytes = 200_000
  const open = async (store: Store, drop: string, now = start) => store.open(drop, TTL, now, limits)

  test('opening creates a box that does not exist, once', async store => {
    const drop = newDrop()
    assert.deepEqual(await open(store, drop), { created: true, expires: start + TTL })
    assert.deepEqual(await open(store, drop), { created: false, expires: start + TTL })
    assert.deepEqual(await store.append(drop, message('1'), start, limits), { seq: 1, count: 1 })
    await store.delete(drop, start)
    assert.deepEqual(await open(store, drop), { created: true, expires: start + TTL })
    assertHas(await store.read(drop, 0, 10, start), { texts: [], next: 0 })
  })

  test('an existing box stays as it is', async store => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    assert.deepEqual(await store.open(drop, 9 * TTL, start, limits, 'a'), { created: false, expires: start + TTL })
    assertHas(await store.read(drop, 0, 10, start), { texts: ['1'], next: 1, expires: start + TTL })
    assert.deepEqual(await store.append(drop, message('1', 'key'), start, limits), { seq: 1, count: 1 })
    await store.create(newDrop(), TTL, start, within({ boxes: 1, bytes }), 'a')
  })

  test('of many callers at the same time, one creates the box', async store => {
    const drop = newDrop()
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(store, drop)))
    assert.equal(opened.filter(({ created }) => created).length, 1)
    assert.deepEqual(new Set(opened.map(({ expires }) => expires)), new Set([start + TTL]))
  })

  test('opening renews the box by its own idle lifetime', async store => {
    const drop = newDrop()
    await open(store, drop)
    const later = start + TTL / 2
    assert.deepEqual(await store.open(drop, 9 * TTL, later, limits), { created: false, expires: later + TTL })
    assertHas(await store.read(drop, 0, 1, start + TTL), { texts: [] })
  }, turnsTime)

  test('opening a box that has expired creates a new one', async store => {
    const drop = newDrop()
    await open(store, drop)
    await store.append(drop, message('1', 'key'), start, limits)
    assert.deepEqual(await open(store, drop, start + TTL), { created: true, expires: start + 2 * TTL })
    assertHas(await store.read(drop, 0, 10, start + TTL), { texts: [], next: 0 })
    assert.deepEqual(await store.append(drop, message('2', 'key'), start + TTL, limits), { seq: 1, count: 1 })
  }, turnsTime)

  test('a box that is opened again with a longer lifetime counts no longer than it lives', async store => {
    const held = { boxes: 1, bytes }
    for (const end of ['deleted', 'expired'] as const) {
      if (end === 'expired' && !turnsTime) continue
      const [drop, holder] = [newDrop(), `of the ${end}`]
      await store.open(drop, TTL, start, within(held), holder)
      await store.open(drop, 9 * TTL, start, within(held), holder)
      const then = end === 'deleted' ? start : start + TTL
      if (end === 'deleted') await store.delete(drop, start)
      else while (await store.sweep(then) > 0);
      await store.create(newDrop(), TTL, then, within(held), holder)
    }
  })

  test('an opened box counts against the holder that created it, and against no other', async store => {
    const held = { boxes: 1, bytes }
    const drop = newDrop()
    assertHas(await store.open(drop, TTL, start, within(held), 'a'), { created: true })
    for (const holder of ['a', 'b']) assertHas(await store.open(drop, TTL, start, within(held), holder), { created: false })
    await assert.rejects(store.open(newDrop(), TTL, start, within(held), 'a'), { code: 'BOX_ERR_HELD' })
    await store.create(newDrop(), TTL, start, within(held), 'b')
    assertHas(await store.open(drop, TTL, start, within(held), 'b'), { created: false })
    await store.delete(drop, start)
    assertHas(await store.open(drop, TTL, start, within(held), 'a'), { created: true })
  })

  test('callers with one holder need the space of one box', async store => {
    const held = { boxes: 1, bytes }
    const drop = newDrop()
    const opened = await Promise.all(Array.from({ length: 20 }, () => store.open(drop, TTL, start, within(held), 'a')))
    assert.equal(opened.filter(({ created }) => created).length, 1)
    await assert.rejects(store.open(newDrop(), TTL, start, within(held), 'a'), { code: 'BOX_ERR_HELD' })
    await store.delete(drop, start)
    await store.create(newDrop(), TTL, start, within(held), 'a')
  })

  test('of callers with holders of their own, one has the box', async store => {
    const held = { boxes: 1, bytes }
    const drop = newDrop()
    const holders = Array.from({ length: 20 }, (_, i) => `holder-${i}`)
    const opened = await Promise.all(holders.map(holder => store.open(drop, TTL, start, within(held), holder)))
    for (const [i, holder] of holders.entries()) {
      const another = store.create(newDrop(), TTL, start, within(held), holder)
      if (opened[i]?.created === true) await assert.rejects(another, { code: 'BOX_ERR_HELD' })
      else await another
    }
    assert.equal(opened.filter(({ created }) => created).length, 1)
  })

  test('a full store opens only boxes that exist', async store => {
    const cap = { ...limits, maxStoreBytes: 100_000 }
    const drop = await box(store)
    await untilFull(() => store.create(newDrop(), TTL, start, cap))
    await assert.rejects(store.open(newDrop(), TTL, start, cap), { code: 'BOX_ERR_STORE_FULL' })
    assert.deepEqual(await store.open(drop, TTL, start, cap), { created: false, expires: start + TTL })
  }, countsBytes)

  test('a closed store opens no box', async store => {
    const drop = await box(store)
    await store.close()
    for (const name of [drop, newDrop()]) await assert.rejects(open(store, name), { code: 'BOX_ERR_STORE' })
  })
}
