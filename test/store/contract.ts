import type { Test } from 'tap'
import { BOX_COST, KEY_COST, MESSAGE_COST } from '../../src/store/cost.js'
import { MAX_KEYS, type Limits, type NewMessage, type Store } from '../../src/store/store.js'
import { modelTest } from './model.js'

export type MakeStore = (t: Test) => Promise<Store>

export interface Traits {
  /** Expiry is decided by the times that are handed in and nothing else. */
  turnsTime?: boolean
  /** `maxStoreBytes` is kept. */
  countsBytes?: boolean
  /** Expired boxes go by `sweep`, and not by themselves. */
  sweeps?: boolean
}

export const TTL = 80_000

export const limits: Limits = { maxMessages: 5_000, maxBoxBytes: 1024 * 1024 }

/** Times start at the present, because a store on another machine may compare them with its own. */
export const start = Date.now()

let made = 0

/** A name no other box of the run has. */
export function newDrop (): string {
  return `drop_${process.pid}_${++made}`
}

export function message (text: string, id?: string, digest = `digest of ${text}`): NewMessage {
  return { text, bytes: Buffer.byteLength(text), key: id === undefined ? undefined : { id, digest } }
}

/** What every store keeps of the contract in `store.ts`. `makeStore` gives a fresh one; the suite closes it. */
export function contractSuite (t: Test, makeStore: MakeStore, { turnsTime = true, countsBytes = true, sweeps = true }: Traits = {}): void {
  const test = (name: string, run: (t: Test, store: Store) => Promise<void>, kept = true): void => {
    void t.test(name, { skip: kept ? false : 'not a trait of this store' }, async t => {
      const store = await makeStore(t)
      t.teardown(() => store.close())
      await run(t, store)
    })
  }
  const timed = (name: string, run: (t: Test, store: Store) => Promise<void>): void => { test(name, run, turnsTime) }
  const capped = (name: string, run: (t: Test, store: Store) => Promise<void>): void => { test(name, run, countsBytes) }

  test('an unknown box is unknown to every operation', async (t, store) => {
    const drop = newDrop()
    const unknown = { code: 'BOX_ERR_NOT_FOUND' }
    await t.rejects(store.append(drop, message('1'), start, limits), unknown)
    await t.rejects(store.read(drop, 0, 10, start), unknown)
    await t.rejects(store.acknowledge(drop, 0, start), unknown)
    await t.rejects(store.drain(drop, start), unknown)
    await t.rejects(store.delete(drop, start), unknown)
  })

  test('a new box is empty', async (t, store) => {
    const drop = await box(store)
    t.strictSame(await store.read(drop, 0, 10, start), { texts: [], next: 0, expires: start + TTL })
    t.strictSame(await store.drain(drop, start), { texts: [], next: 0, expires: start + TTL })
    t.equal(await store.acknowledge(drop, 0, start), 0)
  })

  test('messages come back in the order they were stored, numbered from 1', async (t, store) => {
    const drop = await box(store)
    for (let seq = 1; seq <= 5; seq++) {
      t.strictSame(await store.append(drop, message(`"m${seq}"`), start, limits), { seq, count: seq })
    }
    t.strictSame(await store.read(drop, 0, 10, start), { texts: ['"m1"', '"m2"', '"m3"', '"m4"', '"m5"'], next: 5, expires: start + TTL })
  })

  test('a read goes on after its cursor, up to its limit, and takes nothing', async (t, store) => {
    const drop = await filled(store, 5)
    t.match(await store.read(drop, 0, 2, start), { texts: ['1', '2'], next: 2 })
    t.match(await store.read(drop, 2, 2, start), { texts: ['3', '4'], next: 4 })
    t.match(await store.read(drop, 4, 2, start), { texts: ['5'], next: 5 })
    t.strictSame((await store.read(drop, 5, 2, start)).texts, [])
    t.equal((await store.read(drop, 5, 2, start)).next, 5)
    t.match(await store.read(drop, 0, 9, start), { texts: ['1', '2', '3', '4', '5'], next: 5 })
  })

  test('a cursor beyond the last number is refused and changes nothing', async (t, store) => {
    const drop = await filled(store, 2)
    await t.rejects(store.read(drop, 3, 10, start), { code: 'BOX_ERR_CURSOR' })
    await t.rejects(store.acknowledge(drop, 3, start), { code: 'BOX_ERR_CURSOR' })
    t.match(await store.read(drop, 0, 10, start), { texts: ['1', '2'], next: 2 })
  })

  test('acknowledging forgets up to the cursor, and once', async (t, store) => {
    const drop = await filled(store, 4)
    t.equal(await store.acknowledge(drop, 2, start), 2)
    t.equal(await store.acknowledge(drop, 2, start), 2)
    t.equal(await store.acknowledge(drop, 1, start), 2, 'an older cursor changes nothing')
    t.match(await store.read(drop, 0, 10, start), { texts: ['3', '4'], next: 4 })
    t.match(await store.read(drop, 3, 10, start), { texts: ['4'], next: 4 })
    t.match(await store.read(drop, 0, 1, start), { texts: ['3'], next: 3 })
    t.equal(await store.acknowledge(drop, 4, start), 0)
    t.match(await store.read(drop, 1, 10, start), { texts: [], next: 1 })
  })

  test('a drain takes everything, and numbers go on', async (t, store) => {
    const drop = await filled(store, 3)
    t.match(await store.drain(drop, start), { texts: ['1', '2', '3'], next: 3 })
    t.strictSame(await store.drain(drop, start), { texts: [], next: 3, expires: start + TTL })
    t.strictSame(await store.append(drop, message('4'), start, limits), { seq: 4, count: 1 })
    t.match(await store.read(drop, 3, 10, start), { texts: ['4'], next: 4 })
    t.match(await store.drain(drop, start), { texts: ['4'], next: 4 })
  })

  test('a long box gives and forgets any part of itself', async (t, store) => {
    const drop = await box(store)
    const texts = Array.from({ length: 200 }, (_, i) => `"${'x'.repeat(i % 7)}${i + 1}"`)
    await Promise.all(texts.map(text => store.append(drop, message(text), start, limits)))
    for (const [after, limit] of [[0, 1000], [0, 31], [0, 32], [0, 33], [1, 32], [31, 1], [31, 2], [32, 32], [63, 66], [150, 50], [199, 5]] as const) {
      t.strictSame((await store.read(drop, after, limit, start)).texts, texts.slice(after, after + limit), `${limit} after ${after}`)
    }
    for (const after of [1, 31, 32, 33, 64, 96, 100, 131, 199]) {
      t.equal(await store.acknowledge(drop, after, start), 200 - after)
      t.strictSame(await store.read(drop, 0, 70, start), { texts: texts.slice(after, after + 70), next: Math.min(200, after + 70), expires: start + TTL }, `after ${after}`)
    }
    for (const text of texts) await store.append(drop, message(text), start, limits)
    t.match(await store.drain(drop, start), { texts: [texts[199], ...texts], next: 400 })
  })

  test('a deleted box is unknown, and others are not touched', async (t, store) => {
    const drop = await filled(store, 3)
    const other = await filled(store, 2)
    await store.delete(drop, start)
    await t.rejects(store.read(drop, 0, 10, start), { code: 'BOX_ERR_NOT_FOUND' })
    await t.rejects(store.delete(drop, start), { code: 'BOX_ERR_NOT_FOUND' })
    t.match(await store.read(other, 0, 10, start), { texts: ['1', '2'], next: 2 })
  })

  test('boxes whose names begin alike stay apart', async (t, store) => {
    const drop = await filled(store, 2)
    const longer = `${drop}0`
    await store.create(longer, TTL, start, limits)
    await store.append(longer, message('"longer"', drop), start, limits)
    t.match(await store.drain(drop, start), { texts: ['1', '2'] })
    await store.delete(drop, start)
    t.match(await store.drain(longer, start), { texts: ['"longer"'], next: 1 })
  })

  test('texts come back to the letter', async (t, store) => {
    const texts = [
      '""', '0', 'null', '1e999', '-0', ' { "a" : 1 }\n', '{"__proto__":{"constructor":1},"a":1,"a":2}',
      '"\\ud800 \\u0000 \\/ \\"', '"\u2028\u2029\u00a0\ufeff"', '"ünïcödé 日本語 🦊 👩‍👩‍👧"', '"\\\\n"', '["\t"]',
      JSON.stringify('x'.repeat(64 * 1024)), JSON.stringify('é🦊'.repeat(40_000)), '"' + 'y'.repeat(300_000) + '"'
    ]
    const drop = await box(store)
    for (const text of texts) await store.append(drop, message(text), start, { ...limits, maxBoxBytes: 1e9 })
    t.strictSame((await store.read(drop, 0, 100, start)).texts, texts)
    t.strictSame((await store.drain(drop, start)).texts, texts)
  })

  test('a box takes messages up to its maximum and refuses without a gap', async (t, store) => {
    const drop = await box(store)
    const two = { ...limits, maxMessages: 2 }
    await store.append(drop, message('1'), start, two)
    await store.append(drop, message('2'), start, two)
    await t.rejects(store.append(drop, message('3', 'key'), start, two), { code: 'BOX_ERR_FULL' })
    await store.acknowledge(drop, 1, start)
    t.strictSame(await store.append(drop, message('4', 'key', 'another'), start, two), { seq: 3, count: 2 }, 'a refused key was not kept')
    t.match(await store.drain(drop, start), { texts: ['2', '4'], next: 3 })
    t.strictSame(await store.append(drop, message('5'), start, two), { seq: 4, count: 1 })
  })

  test('a box takes bytes up to its maximum, counted as UTF-8', async (t, store) => {
    const drop = await box(store)
    const ten = { ...limits, maxBoxBytes: 10 }
    await store.append(drop, message('"é🦊"'), start, ten)
    await t.rejects(store.append(drop, message('123'), start, ten), { code: 'BOX_ERR_FULL' })
    t.strictSame(await store.append(drop, message('12'), start, ten), { seq: 2, count: 2 })
    await t.rejects(store.append(drop, message('1'), start, ten), { code: 'BOX_ERR_FULL' })
    await store.acknowledge(drop, 1, start)
    await t.rejects(store.append(drop, message('123456789'), start, ten), { code: 'BOX_ERR_FULL' })
    await store.append(drop, message('12345678'), start, ten)
    await store.drain(drop, start)
    await store.append(drop, message('1234567890'), start, ten)
  })

  test('the same key and body again answers the first ack and stores nothing', async (t, store) => {
    const drop = await filled(store, 1)
    const first = await store.append(drop, message('2', 'key'), start, limits)
    t.strictSame(first, { seq: 2, count: 2 })
    await store.append(drop, message('3'), start, limits)
    t.strictSame(await store.append(drop, message('2', 'key'), start, limits), first)
    t.strictSame(await store.append(drop, message('2', 'key'), start, { maxMessages: 1, maxBoxBytes: 1, maxStoreBytes: 1 }), first, 'though everything is full')
    await store.acknowledge(drop, 2, start)
    t.strictSame(await store.append(drop, message('2', 'key'), start, limits), first, 'though it was acknowledged')
    await store.drain(drop, start)
    t.strictSame(await store.append(drop, message('2', 'key'), start, limits), first, 'though the box was drained')
    t.match(await store.read(drop, 3, 10, start), { texts: [], next: 3 })
  })

  test('a key with another body is refused', async (t, store) => {
    const drop = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    await t.rejects(store.append(drop, message('2', 'key'), start, limits), { code: 'BOX_ERR_IDEMPOTENCY' })
    t.match(await store.read(drop, 0, 10, start), { texts: ['1'], next: 1 })
  })

  test('a key is known in its own box only, and goes with the box', async (t, store) => {
    const drop = await box(store)
    const other = await box(store)
    await store.append(drop, message('1', 'key'), start, limits)
    t.strictSame(await store.append(other, message('2', 'key'), start, limits), { seq: 1, count: 1 })
    await store.delete(drop, start)
    await store.create(drop, TTL, start, limits)
    t.strictSame(await store.append(drop, message('3', 'key'), start, limits), { seq: 1, count: 1 })
  })

  test('keys and digests may hold any visible ASCII', async (t, store) => {
    const drop = await box(store)
    const ids = ['1', '2', '__proto__', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(64)]
    for (const id of ids) await store.append(drop, message('0', id, `a b ${id}`), start, limits)
    for (const [i, id] of ids.entries()) {
      t.strictSame(await store.append(drop, message('0', id, `a b ${id}`), start, limits), { seq: i + 1, count: i + 1 })
      await t.rejects(store.append(drop, message('0', id, `a b  ${id}`), start, limits), { code: 'BOX_ERR_IDEMPOTENCY' })
    }
  })

  test(`a box remembers its last ${MAX_KEYS} keys`, async (t, store) => {
    const drop = await box(store)
    const put = (n: number) => store.append(drop, message(`${n}`, `key ${n}`), start, limits)
    for (let n = 1; n <= MAX_KEYS + 1; n += 205) {
      await Promise.all(Array.from({ length: 205 }, (_, i) => put(n + i)))
    }
    t.strictSame(await put(2), { seq: 2, count: 2 }, 'the oldest it knows')
    t.strictSame(await put(1), { seq: MAX_KEYS + 2, count: MAX_KEYS + 2 }, 'one it has forgotten is new')
    t.strictSame(await put(2), { seq: MAX_KEYS + 3, count: MAX_KEYS + 3 }, 'and makes it forget the oldest')
    t.strictSame(await put(4), { seq: 4, count: 4 })
  })

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

  test('a listener hears of a message and of the deletion, until it unsubscribes', async (t, store) => {
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
    t.equal(left.count, 0)
    unsubscribe()
  })

  test('a listener that hears of a message finds it', async (t, store) => {
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
      t.strictSame(page.texts, [`${seq}`])
      await appended
    }
    unsubscribe()
  })

  test('appends at the same time get each number once, in the order they came', async (t, store) => {
    const drop = await box(store)
    const results = await Promise.all(Array.from({ length: 300 }, (_, i) => store.append(drop, message(`${i + 1}`), start, limits)))
    t.strictSame(results, Array.from({ length: 300 }, (_, i) => ({ seq: i + 1, count: i + 1 })))
    t.strictSame((await store.read(drop, 0, 1000, start)).texts, Array.from({ length: 300 }, (_, i) => `${i + 1}`))
  })

  test('a key sent twice at the same time stores once', async (t, store) => {
    const drop = await box(store)
    const results = await Promise.all(Array.from({ length: 20 }, () => store.append(drop, message('1', 'key'), start, limits)))
    t.strictSame(results, Array.from({ length: 20 }, () => ({ seq: 1, count: 1 })))
  })

  test('drains and appends at the same time lose and double nothing', async (t, store) => {
    const drop = await box(store)
    const texts: string[] = []
    const drains: Array<Promise<void>> = []
    const appends: Array<Promise<unknown>> = []
    for (let n = 1; n <= 400; n++) {
      appends.push(store.append(drop, message(`${n}`), start, limits))
      if (n % 17 === 0) drains.push(store.drain(drop, start).then(page => { texts.push(...page.texts) }))
      if (n % 40 === 0) await appends[n - 20]
    }
    await Promise.all([...appends, ...drains])
    texts.push(...(await store.drain(drop, start)).texts)
    t.strictSame(texts, Array.from({ length: 400 }, (_, i) => `${i + 1}`))
  })

  test('what was acknowledged to one caller is seen by the next', async (t, store) => {
    const drop = await box(store)
    for (let seq = 1; seq <= 50; seq++) {
      await store.append(drop, message(`${seq}`), start, limits)
      t.strictSame((await store.read(drop, seq - 1, 10, start)).texts, [`${seq}`])
      if (seq % 5 === 0) {
        t.equal(await store.acknowledge(drop, seq, start), 0)
        t.strictSame((await store.read(drop, 0, 10, start)).texts, [])
      }
    }
  })

  test('a store that was just made serves', async (t, store) => {
    await store.check()
    t.type(store.name, 'string')
  })

  test('closing again is the same', async (t, store) => {
    const drop = await box(store)
    const accepted = store.append(drop, message('1'), start, limits)
    await Promise.all([store.close(), store.close()])
    t.strictSame(await accepted, { seq: 1, count: 1 }, 'and finishes what was accepted')
    await store.close()
  })

  test('any sequence of operations does what a list in memory would do', async (_t, store) => {
    await modelTest(store, turnsTime)
  })
}

async function box (store: Store): Promise<string> {
  const drop = newDrop()
  await store.create(drop, TTL, start, limits)
  return drop
}

/** A box with the messages `1`, `2`, … */
async function filled (store: Store, count: number): Promise<string> {
  const drop = await box(store)
  for (let n = 1; n <= count; n++) await store.append(drop, message(`${n}`), start, limits)
  return drop
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

/** Counts wake-ups; a store may wake more often than it must. */
class Listener {
  count = 0
  #seen = 0
  #resolve: (() => void) | undefined

  listen = (): void => {
    this.count++
    this.#resolve?.()
  }

  /** Resolves with the first wake-up since the last one that was asked for. */
  async once (): Promise<void> {
    if (this.count === this.#seen) await new Promise<void>(resolve => { this.#resolve = resolve })
    this.#seen = this.count
  }
}
