import assert from 'node:assert/strict'
import { box, drainAll, filled, limits, message, newDrop, start, TTL } from './boxes.js'
import { assertHas, type Define } from './define.js'

/** Storing, reading, acknowledging, draining and deleting. */
export function messageContract (test: Define): void {
  test('an unknown box is unknown to every operation', async store => {
    const drop = newDrop()
    const unknown = { code: 'BOX_ERR_NOT_FOUND' }
    await assert.rejects(store.append(drop, message('1'), start, limits), unknown)
    await assert.rejects(store.read(drop, 0, 10, start), unknown)
    await assert.rejects(store.acknowledge(drop, 0, start), unknown)
    await assert.rejects(store.drain(drop, start), unknown)
    await assert.rejects(store.delete(drop, start), unknown)
  })

  test('a new box is empty', async store => {
    const drop = await box(store)
    assert.deepEqual(await store.read(drop, 0, 10, start), { texts: [], next: 0, expires: start + TTL })
    assert.deepEqual(await store.drain(drop, start), { texts: [], next: 0, expires: start + TTL })
    assert.equal(await store.acknowledge(drop, 0, start), 0)
  })

  test('messages are returned in the order they were stored, numbered from 1', async store => {
    const drop = await box(store)
    for (let seq = 1; seq <= 5; seq++) {
      assert.deepEqual(await store.append(drop, message(`"m${seq}"`), start, limits), { seq, count: seq })
    }
    assert.deepEqual(await store.read(drop, 0, 10, start), { texts: ['"m1"', '"m2"', '"m3"', '"m4"', '"m5"'], next: 5, expires: start + TTL })
  })

  test('a read continues after its cursor, up to its limit, and removes nothing', async store => {
    const drop = await filled(store, 5)
    assertHas(await store.read(drop, 0, 2, start), { texts: ['1', '2'], next: 2 })
    assertHas(await store.read(drop, 2, 2, start), { texts: ['3', '4'], next: 4 })
    assertHas(await store.read(drop, 4, 2, start), { texts: ['5'], next: 5 })
    assert.deepEqual((await store.read(drop, 5, 2, start)).texts, [])
    assert.equal((await store.read(drop, 5, 2, start)).next, 5)
    assertHas(await store.read(drop, 0, 9, start), { texts: ['1', '2', '3', '4', '5'], next: 5 })
  })

  test('a read of no messages only renews the box', async store => {
    const drop = await filled(store, 3)
    const later = start + TTL / 2
    assert.deepEqual(await store.read(drop, 0, 0, later), { texts: [], next: 0, expires: later + TTL })
    assert.deepEqual(await store.read(drop, 2, 0, later), { texts: [], next: 2, expires: later + TTL })
    await assert.rejects(store.read(drop, 4, 0, later), { code: 'BOX_ERR_CURSOR' })
    await assert.rejects(store.read(newDrop(), 0, 0, later), { code: 'BOX_ERR_NOT_FOUND' })
    await store.acknowledge(drop, 3, later)
    assert.deepEqual(await store.read(drop, 0, 0, later), { texts: [], next: 0, expires: later + TTL })
  })

  test('a cursor beyond the last number is refused and changes nothing', async store => {
    const drop = await filled(store, 2)
    await assert.rejects(store.read(drop, 3, 10, start), { code: 'BOX_ERR_CURSOR' })
    await assert.rejects(store.acknowledge(drop, 3, start), { code: 'BOX_ERR_CURSOR' })
    assertHas(await store.read(drop, 0, 10, start), { texts: ['1', '2'], next: 2 })
  })

  test('a read is of one box, even if another one takes its place meanwhile', async store => {
    const drop = await filled(store, 5)
    // When it must renew the box, too, a store may take several steps.
    const later = start + TTL / 2
    const reading = store.read(drop, 3, 10, later).catch((error: { code?: string }) => {
      if (error.code !== 'BOX_ERR_CURSOR') throw error
    })
    await store.create(drop, 4 * TTL, later, limits)
    const page = await reading
    if (page === undefined) return
    assertHas(page, { texts: ['4', '5'], next: 5 })
    assert.ok(page.expires <= later + TTL, 'the deadline is that of the box with the messages')
  })

  test('acknowledging deletes up to the cursor, and only once', async store => {
    const drop = await filled(store, 4)
    assert.equal(await store.acknowledge(drop, 2, start), 2)
    assert.equal(await store.acknowledge(drop, 2, start), 2)
    assert.equal(await store.acknowledge(drop, 1, start), 2, 'an older cursor changes nothing')
    assertHas(await store.read(drop, 0, 10, start), { texts: ['3', '4'], next: 4 })
    assertHas(await store.read(drop, 3, 10, start), { texts: ['4'], next: 4 })
    assertHas(await store.read(drop, 0, 1, start), { texts: ['3'], next: 3 })
    assert.equal(await store.acknowledge(drop, 4, start), 0)
    assertHas(await store.read(drop, 1, 10, start), { texts: [], next: 1 })
  })

  test('a drain takes everything, and the numbers continue', async store => {
    const drop = await filled(store, 3)
    assertHas(await store.drain(drop, start), { texts: ['1', '2', '3'], next: 3 })
    assert.deepEqual(await store.drain(drop, start), { texts: [], next: 3, expires: start + TTL })
    assert.deepEqual(await store.append(drop, message('4'), start, limits), { seq: 4, count: 1 })
    assertHas(await store.read(drop, 3, 10, start), { texts: ['4'], next: 4 })
    assertHas(await store.drain(drop, start), { texts: ['4'], next: 4 })
  })

  test('a drain removes nothing if there is not enough room for it', async store => {
    const drop = await filled(store, 3)
    const later = start + TTL / 2
    assert.deepEqual(await store.drain(drop, later, 5), { needs: 6 })
    assertHas(await store.read(drop, 0, 10, start), { texts: ['1', '2', '3'], expires: later + TTL })
    assert.deepEqual(await store.drain(drop, later, 6), { texts: ['1', '2', '3'], next: 3, expires: later + TTL })
    assert.deepEqual(await store.drain(drop, later, 0), { texts: [], next: 3, expires: later + TTL })
  })

  test('any part of a long box can be read and acknowledged', async store => {
    const drop = await box(store)
    const texts = Array.from({ length: 200 }, (_, i) => `"${'x'.repeat(i % 7)}${i + 1}"`)
    await Promise.all(texts.map(text => store.append(drop, message(text), start, limits)))
    for (const [after, limit] of [[0, 1000], [0, 31], [0, 32], [0, 33], [1, 32], [31, 1], [31, 2], [32, 32], [63, 66], [150, 50], [199, 5]] as const) {
      assert.deepEqual((await store.read(drop, after, limit, start)).texts, texts.slice(after, after + limit), `${limit} after ${after}`)
    }
    for (const after of [1, 31, 32, 33, 64, 96, 100, 131, 199]) {
      assert.equal(await store.acknowledge(drop, after, start), 200 - after)
      assert.deepEqual(await store.read(drop, 0, 70, start), { texts: texts.slice(after, after + 70), next: Math.min(200, after + 70), expires: start + TTL }, `after ${after}`)
    }
    for (const text of texts) await store.append(drop, message(text), start, limits)
    assertHas(await store.drain(drop, start), { texts: [...texts.slice(199), ...texts], next: 400 })
  })

  test('a deleted box is unknown, and others are not affected', async store => {
    const drop = await filled(store, 3)
    const other = await filled(store, 2)
    await store.delete(drop, start)
    await assert.rejects(store.read(drop, 0, 10, start), { code: 'BOX_ERR_NOT_FOUND' })
    await assert.rejects(store.delete(drop, start), { code: 'BOX_ERR_NOT_FOUND' })
    assertHas(await store.read(other, 0, 10, start), { texts: ['1', '2'], next: 2 })
  })

  test('creating a box where one exists replaces it and leaves others alone', async store => {
    const drop = await filled(store, 3)
    const other = await filled(store, 2)
    await store.append(drop, message('4', 'key'), start, limits)
    await store.create(drop, 2 * TTL, start, limits)
    assert.deepEqual(await store.read(drop, 0, 10, start), { texts: [], next: 0, expires: start + 2 * TTL })
    assert.deepEqual(await store.append(drop, message('5', 'key'), start, limits), { seq: 1, count: 1 }, 'its keys are gone too')
    assertHas(await store.read(other, 0, 10, start), { texts: ['1', '2'], next: 2 })
  })

  test('boxes with a common prefix are kept apart', async store => {
    const drop = await filled(store, 2)
    const longer = `${drop}0`
    await store.create(longer, TTL, start, limits)
    await store.append(longer, message('"longer"', drop), start, limits)
    assertHas(await store.drain(drop, start), { texts: ['1', '2'] })
    await store.delete(drop, start)
    assertHas(await store.drain(longer, start), { texts: ['"longer"'], next: 1 })
  })

  test('texts are returned unchanged', async store => {
    const texts = [
      '""', '0', 'null', '1e999', '-0', ' { "a" : 1 }\n', '{"__proto__":{"constructor":1},"a":1,"a":2}',
      '"\\ud800 \\u0000 \\/ \\"', '"\u2028\u2029\u00a0\ufeff"', '"ünïcödé 日本語 🦊 👩‍👩‍👧"', '"\\\\n"', '["\t"]',
      JSON.stringify('x'.repeat(64 * 1024)), JSON.stringify('é🦊'.repeat(40_000)), '"' + 'y'.repeat(300_000) + '"'
    ]
    const drop = await box(store)
    for (const text of texts) await store.append(drop, message(text), start, { ...limits, maxBoxBytes: 1e9 })
    assert.deepEqual((await store.read(drop, 0, 100, start)).texts, texts)
    assert.deepEqual((await drainAll(store, drop)).texts, texts)
  })
}
