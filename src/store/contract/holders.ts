import assert from 'node:assert/strict'
import type { Held, Store } from '../store.js'
import { limits, message, newDrop, start, TTL } from './boxes.js'
import { assertHas, type Define, type Traits } from './define.js'

const refusal = { code: 'BOX_ERR_HELD' }
const bytes = 200_000
const SIZE = 10_000

/** More than any store lets a box hold uncounted. */
const large = message(JSON.stringify('x'.repeat(SIZE - 2)))

/** What one holder may hold at a time. */
export function holderContract (test: Define, { turnsTime, freeBytes }: Required<Traits>): void {
  const within = (held: Held) => ({ ...limits, held })
  const roomy = within({ boxes: 1_000, bytes: 1024 * 1024 * 1024 })

  async function create (store: Store, holder: string | undefined, held: Held, now = start): Promise<string> {
    const drop = newDrop()
    await store.create(drop, TTL, now, within(held), holder)
    return drop
  }

  /** How many large messages the box accepts. */
  async function fill (store: Store, drop: string, held: Held, now = start): Promise<number> {
    for (let count = 0; ; count++) {
      assert.ok(count * SIZE <= held.bytes + freeBytes * held.boxes)
      try {
        await store.append(drop, large, now, within(held))
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, refusal.code)
        return count
      }
    }
  }

  test('a holder can have its maximum number of boxes, whatever others have', async store => {
    const held = { boxes: 3, bytes }
    const [drop] = [await create(store, 'a', held), await create(store, 'a', held), await create(store, 'a', held)]
    await assert.rejects(create(store, 'a', held), refusal)
    await create(store, 'b', held)
    await create(store, undefined, held)
    await store.create(newDrop(), TTL, start, limits, 'a')
    await assert.rejects(create(store, 'a', held), refusal)
    await store.delete(drop, start)
    await assert.rejects(create(store, 'a', { boxes: 3, bytes }), refusal)
    await create(store, 'a', { boxes: 4, bytes })
  })

  test('a box that was not created does not count against its holder', async store => {
    const held = { boxes: 1, bytes }
    const drop = await create(store, 'a', held)
    for (let i = 0; i < 5; i++) await assert.rejects(create(store, 'a', held), refusal)
    await store.delete(drop, start)
    await create(store, 'a', held)
  })

  test('a box that replaces another counts in its place once it is created', async store => {
    const held = { boxes: 2, bytes }
    const drop = await create(store, 'a', held)
    const full = await fill(store, drop, held)
    await store.create(drop, TTL, start, within({ boxes: 2, bytes: 2 * bytes }), 'a')
    assert.equal(await fill(store, drop, held), full)
    await store.acknowledge(drop, 1, start)
    await store.create(drop, TTL, start, within({ boxes: 2, bytes: 2 * bytes }), 'a')
    assert.equal(await fill(store, drop, held), full)
    await store.create(drop, TTL, start, within(held), 'b')
    for (const holder of ['a', 'a', 'b']) await create(store, holder, held)
    await assert.rejects(create(store, 'a', held), refusal)
    await assert.rejects(create(store, 'b', held), refusal)
  })

  test('a box that is refused leaves the one it would have replaced as it was', async store => {
    const held = { boxes: 1, bytes }
    const drop = await create(store, 'a', held)
    await store.append(drop, large, start, within(held))
    await assert.rejects(store.create(drop, TTL, start, within(held), 'a'), refusal)
    assertHas(await store.read(drop, 0, 10, start), { texts: [large.text], next: 1 })
    await store.delete(drop, start)
    await create(store, 'a', held)
  })

  test('expired boxes do not count, swept or not', async store => {
    const held = { boxes: 2, bytes }
    const renewed = await create(store, 'a', held)
    const expired = await create(store, 'a', held)
    await store.append(expired, message('1', 'key'), start, within(held))
    await store.read(renewed, 0, 1, start + TTL / 2)
    await assert.rejects(create(store, 'a', held, start + TTL - 1), refusal)
    while (await store.sweep(start + TTL) > 0);
    await create(store, 'a', held, start + TTL)
    await assert.rejects(create(store, 'a', held, start + TTL), refusal)
  }, turnsTime)

  test('the bytes in all boxes of a holder are limited, whoever stores them, and other holders are not affected', async store => {
    const held = { boxes: 10, bytes }
    const [one, two, other] = [await create(store, 'a', held), await create(store, 'a', held), await create(store, 'b', held)]
    const count = await fill(store, one, held)
    assert.ok(count * SIZE > bytes / 2, `${count} messages of ${SIZE} bytes`)
    await assert.rejects(store.append(two, large, start, within(held)), refusal)
    await store.append(other, large, start, within(held))
    assertHas(await store.read(one, 0, 1, start), { texts: [large.text] })

    const freeing: Array<() => Promise<unknown>> = [
      () => store.acknowledge(one, 3, start), () => store.drain(one, start), () => store.delete(one, start)
    ]
    for (const free of freeing) {
      await free()
      const more = await fill(store, two, held)
      assert.ok(more > 0 || free === freeing[2], String(free))
      await assert.rejects(store.append(two, large, start, within(held)), refusal)
    }
  })

  test('a refused message changes nothing', async store => {
    const held = { boxes: 10, bytes }
    const drop = await create(store, 'a', held)
    const count = await fill(store, drop, held)
    await assert.rejects(store.append(drop, { ...large, key: { id: 'key', digest: 'one' } }, start, within(held)), refusal)
    await store.drain(drop, start)
    assert.deepEqual(await store.append(drop, { ...large, key: { id: 'key', digest: 'two' } }, start, within(held)), { seq: count + 1, count: 1 })
    await store.append(drop, large, start, limits)
  })

  test('a known key returns its ack even if the holder has reached its limit', async store => {
    const held = { boxes: 10, bytes }
    const drop = await create(store, 'a', held)
    const first = await store.append(drop, { ...large, key: { id: 'key', digest: 'one' } }, start, within(held))
    await fill(store, drop, held)
    assert.deepEqual(await store.append(drop, { ...large, key: { id: 'key', digest: 'one' } }, start, within(held)), first)
  })

  test('concurrent messages do not exceed the limit together', async store => {
    const held = { boxes: 10, bytes }
    const [one, two] = [await create(store, 'a', held), await create(store, 'a', held)]
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => store.append(i % 2 === 0 ? one : two, large, start, within(held))))
    const stored = outcomes.filter(({ status }) => status === 'fulfilled').length
    assert.ok(stored * SIZE > bytes / 2 && stored * SIZE <= bytes + 2 * freeBytes, `${stored} messages of ${SIZE} bytes`)
    await store.drain(one, start)
    await store.drain(two, start)
    assert.ok(await fill(store, one, held) * SIZE > bytes / 2)
  })

  test('creating and deleting can continue forever within a holder\'s limits', async store => {
    const held = { boxes: 2, bytes }
    for (let round = 0; round < 40; round++) {
      const drop = await create(store, 'a', held)
      for (const id of ['a', 'b']) await store.append(drop, { ...large, key: { id, digest: id } }, start, within(held))
      await store.append(drop, message('"é🦊"'), start, roomy)
      await store.append(drop, large, start, within(held))
      if (round % 3 === 1) await store.acknowledge(drop, 2, start)
      if (round % 3 === 2) await store.drain(drop, start)
      await store.delete(drop, start)
    }
    const drop = await create(store, 'a', held)
    await create(store, 'a', held)
    await assert.rejects(create(store, 'a', held), refusal)
    assert.ok(await fill(store, drop, held) * SIZE > bytes / 2)
  })
}
