import assert from 'node:assert/strict'
import type { SharedCounter, Store } from '../store.js'
import type { Define, Traits } from './define.js'

const MINUTE = 60_000

/** The counter that all processes share. */
export function counterContract (test: Define, { hasCounter }: Required<Traits>): void {
  const counting = (name: string, run: (counter: SharedCounter, store: Store) => Promise<void>): void => {
    test(name, async store => {
      assert.ok(store.counter !== undefined, 'the store has a counter')
      await run(store.counter, store)
    }, hasCounter)
  }

  counting('a counter counts each key by itself, from 1', async counter => {
    for (const current of [1, 2, 3]) assert.equal((await counter.increment('a', MINUTE)).current, current)
    assert.equal((await counter.increment('b', MINUTE)).current, 1)
    assert.equal((await counter.increment('a', MINUTE)).current, 4)
  })

  counting('a counter says how much of the window is left, which no later count extends', async counter => {
    const { ttl } = await counter.increment('a', MINUTE)
    assert.ok(ttl > 0 && ttl <= MINUTE, `${ttl} ms`)
    const later = await counter.increment('a', 2 * MINUTE)
    assert.ok(later.ttl > 0 && later.ttl <= ttl, `${later.ttl} ms after ${ttl} ms`)
  })

  counting('a counter starts again with the next window', async counter => {
    await counter.increment('a', 20)
    for (const end = Date.now() + 10_000; (await counter.increment('a', 20)).current > 1;) assert.ok(Date.now() < end, 'the window ends')
  })

  counting('counts at the same time are each counted once', async counter => {
    const counts = await Promise.all(Array.from({ length: 50 }, () => counter.increment('a', MINUTE)))
    assert.deepEqual(counts.map(({ current }) => current).sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i + 1))
  })

  counting('a closed store counts no more', async (counter, store) => {
    await store.close()
    await assert.rejects(counter.increment('a', MINUTE), { code: 'BOX_ERR_STORE' })
  })
}
