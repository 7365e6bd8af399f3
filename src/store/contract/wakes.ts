import assert from 'node:assert/strict'
import { box, drainAll, limits, message, newDrop, start, TTL } from './boxes.js'
import type { Define } from './define.js'

/** Listeners, concurrent operations and closing. */
export function wakeContract (test: Define): void {
  test('a listener is called for a message and for the deletion, until it unsubscribes', async store => {
    const drop = await box(store)
    const heard = new Listener()
    const unsubscribe = await store.subscribe(drop, heard.listen)
    await store.append(drop, message('1'), start, limits)
    await heard.once()
    await store.append(await box(store), message('elsewhere'), start, limits)
    await store.append(drop, message('2'), start, limits)
    await heard.once()

    const left = new Listener()
    const unsubscribeLeft = await store.subscribe(drop, left.listen)
    unsubscribeLeft()
    unsubscribeLeft()
    await store.append(drop, message('3'), start, limits)
    await heard.once()
    await store.delete(drop, start)
    await heard.once()
    assert.equal(left.count, 0)
    unsubscribe()
  })

  test('a listener called for a message finds it', async store => {
    const drop = newDrop()
    const heard = new Listener()
    const unsubscribe = await store.subscribe(drop, heard.listen)
    await store.create(drop, TTL, start, limits)
    for (let seq = 1; seq <= 20; seq++) {
      const appended = store.append(drop, message(`${seq}`), start, limits)
      let page
      do {
        await heard.once()
        page = await store.read(drop, seq - 1, 10, start)
      } while (page.texts.length === 0)
      assert.deepEqual(page.texts, [`${seq}`])
      await appended
    }
    unsubscribe()
  })

  test('concurrent appends get consecutive numbers in order of arrival', async store => {
    const drop = await box(store)
    const results = await Promise.all(Array.from({ length: 300 }, (_, i) => store.append(drop, message(`${i + 1}`), start, limits)))
    assert.deepEqual(results, Array.from({ length: 300 }, (_, i) => ({ seq: i + 1, count: i + 1 })))
    assert.deepEqual((await store.read(drop, 0, 1000, start)).texts, Array.from({ length: 300 }, (_, i) => `${i + 1}`))
  })

  test('a key sent twice concurrently is stored once', async store => {
    const drop = await box(store)
    const results = await Promise.all(Array.from({ length: 20 }, () => store.append(drop, message('1', 'key'), start, limits)))
    assert.deepEqual(results, Array.from({ length: 20 }, () => ({ seq: 1, count: 1 })))
  })

  test('concurrent drains and appends neither lose nor duplicate anything', async store => {
    const drop = await box(store)
    const texts: string[] = []
    const drains: Array<Promise<void>> = []
    const appends: Array<Promise<unknown>> = []
    for (let n = 1; n <= 400; n++) {
      appends.push(store.append(drop, message(`${n}`), start, limits))
      if (n % 17 === 0) drains.push(drainAll(store, drop).then(page => { texts.push(...page.texts) }))
      if (n % 40 === 0) await appends[n - 20]
    }
    await Promise.all([...appends, ...drains])
    texts.push(...(await drainAll(store, drop)).texts)
    assert.deepEqual(texts, Array.from({ length: 400 }, (_, i) => `${i + 1}`))
  })

  test('what one caller was told is visible to the next', async store => {
    const drop = await box(store)
    for (let seq = 1; seq <= 50; seq++) {
      await store.append(drop, message(`${seq}`), start, limits)
      assert.deepEqual((await store.read(drop, seq - 1, 10, start)).texts, [`${seq}`])
      if (seq % 5 === 0) {
        assert.equal(await store.acknowledge(drop, seq, start), 0)
        assert.deepEqual((await store.read(drop, 0, 10, start)).texts, [])
      }
    }
  })

  test('a new store can serve', async store => {
    await store.check()
    assert.equal(typeof store.name, 'string')
  })

  test('closing again changes nothing', async store => {
    const drop = await box(store)
    const accepted = store.append(drop, message('1'), start, limits)
    await Promise.all([store.close(), store.close()])
    assert.deepEqual(await accepted, { seq: 1, count: 1 }, 'and finishes what was accepted')
    await store.close()
  })

  test('a closed store refuses every operation', async store => {
    const drop = await box(store)
    await store.close()
    const uses: Array<() => Promise<unknown>> = [
      () => store.create(newDrop(), TTL, start, limits),
      () => store.append(drop, message('1'), start, limits),
      () => store.read(drop, 0, 10, start),
      () => store.acknowledge(drop, 0, start),
      () => store.drain(drop, start),
      () => store.delete(drop, start),
      () => store.subscribe(drop, () => {}),
      () => store.sweep(start),
      () => store.check()
    ]
    for (const use of uses) await assert.rejects(use, { code: 'BOX_ERR_STORE' }, String(use))
  })
}

/** Counts wake-ups; a store may send more than necessary. */
class Listener {
  count = 0
  #seen = 0
  #resolve: (() => void) | undefined

  listen = (): void => {
    this.count++
    this.#resolve?.()
  }

  /** Resolves with the first wake-up since the previous call. */
  async once (): Promise<void> {
    if (this.count === this.#seen) await new Promise<void>(resolve => { this.#resolve = resolve })
    this.#seen = this.count
  }
}
