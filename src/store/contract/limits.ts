import assert from 'node:assert/strict'
import { MAX_KEYS } from '../store.js'
import { box, filled, limits, message, start, TTL } from './boxes.js'
import { assertHas, type Define } from './define.js'

/** The limits of a box, and its idempotency keys. */
export function limitContract (test: Define): void {
  test('a box accepts messages up to its maximum, and a refusal leaves no gap', async store => {
    const drop = await box(store)
    const two = { ...limits, maxMessages: 2 }
    await store.append(drop, message('1'), start, two)
    await store.append(drop, message('2'), start, two)
    await assert.rejects(store.append(drop, message('3', 'key'), start, two), { code: 'BOX_ERR_FULL' })
    await store.acknowledge(drop, 1, start)
    assert.deepEqual(await store.append(drop, message('4', 'key', 'another'), start, two), { seq: 3, count: 2 }, 'a refused key was not kept')
    assertHas(await store.drain(drop, start), { texts: ['2', '4'], next: 3 })
    assert.deepEqual(await store.append(drop, message('5'), start, two), { seq: 4, count: 1 })
  })

  test('a box accepts bytes up to its maximum, counted as UTF-8', async store => {
    const drop = await box(store)
    const ten = { ...limits, maxBoxBytes: 10 }
    await store.append(drop, message('"é🦊"'), start, ten)
    await assert.rejects(store.append(drop, message('123'), start, ten), { code: 'BOX_ERR_FULL' })
    assert.deepEqual(await store.append(drop, message('12'), start, ten), { seq: 2, count: 2 })
    await assert.rejects(store.append(drop, message('1'), start, ten), { code: 'BOX_ERR_FULL' })
    await store.acknowledge(drop, 1, start)
    await assert.rejects(store.append(drop, message('123456789'), start, ten), { code: 'BOX_ERR_FULL' })
    await store.append(drop, message('12345678'), start, ten)
    await store.drain(drop, start)
    await store.append(drop, message('1234567890'), start, ten)
  })

  test('the same key and body again returns the first ack and stores nothing', async store => {
    const drop = await filled(store, 1)
    const first = await store.append(drop, message('2', 'key'), start, limits)
    assert.deepEqual(first, { seq: 2, count: 2 })
    await store.append(drop, message('3'), start, limits)
    assert.deepEqual(await store.append(drop, message('2', 'key'), start, limits), first)
    assert.deepEqual(await store.append(drop, message('2', 'key'), start, { maxMessages: 1, maxBoxBytes: 1, maxStoreBytes: 1 }), first, 'though everything is full')
    await store.acknowledge(drop, 2, start)
    assert.deepEqual(await store.append(drop, message('2', 'key'), start, limits), first, 'though it was acknowledged')
    await store.drain(drop, start)
    assert.deepEqual(await store.append(drop, message('2', 'key'), start, limits), first, 'though the box was drained')
    assertHas(await store.read(drop, 3, 10, start), { texts: [], next: 3 })
  })

  test('a key with a different body is refused', async store => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    await assert.rejects(store.append(drop, message('2', 'key'), start, limits), { code: 'BOX_ERR_IDEMPOTENCY' })
    assertHas(await store.read(drop, 0, 10, start), { texts: ['1'], next: 1 })
  })

  test('a key is known only in its own box, and is deleted with it', async store => {
    const drop = await box(store)
    const other = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    assert.deepEqual(await store.append(other, message('2', 'key'), start, limits), { seq: 1, count: 1 })
    await store.delete(drop, start)
    await store.create(drop, TTL, start, limits)
    assert.deepEqual(await store.append(drop, message('3', 'key'), start, limits), { seq: 1, count: 1 })
  })

  test('keys and digests may hold any visible ASCII', async store => {
    const drop = await box(store)
    const ids = ['1', '2', '__proto__', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(64)]
    for (const id of ids) await store.append(drop, message('0', id, `a b ${id}`), start, limits)
    for (const [i, id] of ids.entries()) {
      assert.deepEqual(await store.append(drop, message('0', id, `a b ${id}`), start, limits), { seq: i + 1, count: i + 1 })
      await assert.rejects(store.append(drop, message('0', id, `a b  ${id}`), start, limits), { code: 'BOX_ERR_IDEMPOTENCY' })
    }
  })

  test(`a box remembers its last ${MAX_KEYS} keys`, async store => {
    const drop = await box(store)
    const put = (n: number) => store.append(drop, message(`${n}`, `key ${n}`), start, limits)
    for (let n = 1; n <= MAX_KEYS + 1; n += 205) {
      await Promise.all(Array.from({ length: 205 }, (_, i) => put(n + i)))
    }
    assert.deepEqual(await put(2), { seq: 2, count: 2 }, 'the oldest it knows')
    assert.deepEqual(await put(1), { seq: MAX_KEYS + 2, count: MAX_KEYS + 2 }, 'one it has forgotten is new')
    assert.deepEqual(await put(2), { seq: MAX_KEYS + 3, count: MAX_KEYS + 3 }, 'and makes it forget the oldest')
    assert.deepEqual(await put(4), { seq: 4, count: 4 })
  })
}
