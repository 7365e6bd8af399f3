import t from 'tap'
import { BoxService, type BoxRules } from '../../src/box/box-service.js'
import { memoryStore } from '../../src/store/memory.js'
import type { Limits, Store } from '../../src/store/store.js'
import { build, TestClock } from '../helpers/build.js'
import { openStream } from '../helpers/stream-reader.js'

const limits: Limits = { maxMessages: 256, maxBoxBytes: 1_048_576 }
const rules: BoxRules = { ttl: 86_400, maxWaiters: 8, maxRoomWaiters: 64 }
const never = new AbortController().signal

/** A small generator, so that a failure can be run again. */
function random (seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0
    return (state >>> 0) % below
  }
}

/** Yields to what else is going on, for none to several turns. */
async function jitter (turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await (i % 3 === 2 ? new Promise(resolve => { setImmediate(resolve) }) : Promise.resolve())
}

/** The store with every answer some turns late, as one behind a network. */
function late (store: Store, below: (n: number) => number): Store {
  const { append, read, subscribe } = store
  store.append = async (...args) => {
    await jitter(below(6))
    const result = await append.apply(store, args)
    await jitter(below(6))
    return result
  }
  store.read = async (...args) => {
    await jitter(below(6))
    const page = await read.apply(store, args)
    await jitter(below(6))
    return page
  }
  store.subscribe = async (...args) => {
    await jitter(below(6))
    const unsubscribe = await subscribe.apply(store, args)
    await jitter(below(6))
    return unsubscribe
  }
  return store
}

t.test('10,000 races of a store against a long-poll lose no wake-up', async t => {
  const seed = Date.now() >>> 0
  const below = random(seed)
  const service = new BoxService(late(memoryStore(), below), new TestClock(), limits, rules)
  t.teardown(() => service.close())
  let slowest = 0
  const race = async (): Promise<number> => {
    const { drop } = await service.create()
    const start = performance.now()
    const held = service.longPoll(drop, 0, 10, 60, never)
    await jitter(below(25))
    await service.append(drop, { text: '1', bytes: 1 })
    const { texts } = await held
    slowest = Math.max(slowest, performance.now() - start)
    return texts.length
  }
  for (let done = 0; done < 10_000; done += 100) {
    const found = await Promise.all(Array.from({ length: 100 }, race))
    if (found.some(length => length !== 1)) t.fail(`a long-poll came back empty (seed ${seed})`)
  }
  t.ok(slowest < 10_000, `the slowest took ${Math.round(slowest)} ms of the 60,000 it would have waited (seed ${seed})`)
  t.equal(service.waiters.size, 0)
})

t.test('with concurrent senders, a reader that resumes from its cursor gets every message once and in order', async t => {
  const seed = Date.now() >>> 0
  const below = random(seed)
  const service = new BoxService(late(memoryStore(), below), new TestClock(), { ...limits, maxMessages: 2000 }, rules)
  t.teardown(() => service.close())
  const { drop } = await service.create()
  const seen: string[] = []
  const reader = async (): Promise<void> => {
    for (let after = 0; after < 1000;) {
      const { texts, next } = await service.longPoll(drop, after, 7, 60, never)
      seen.push(...texts)
      after = next
    }
  }
  const sender = async (name: number): Promise<void> => {
    for (let i = 0; i < 250; i++) {
      await jitter(below(12))
      const text = String(name * 1000 + i)
      await service.append(drop, { text, bytes: text.length })
    }
  }
  const start = Date.now()
  await Promise.all([reader(), ...[0, 1, 2, 3].map(sender)])
  t.ok(Date.now() - start < 30_000)
  t.equal(new Set(seen).size, 1000)
  for (const name of [0, 1, 2, 3]) {
    const own = seen.map(Number).filter(value => Math.floor(value / 1000) === name)
    t.same(own, [...own].sort((a, b) => a - b), `in the order of its sender (seed ${seed})`)
  }
})

t.test('a thousand stores against long-polls and a stream over sockets', async t => {
  const { app, createBox } = await build(t, { maxMessages: 2000 })
  const box = await createBox()
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const stream = await openStream(t, origin + box.messages)
  const poll = async (): Promise<number[]> => {
    const seen: number[] = []
    for (let after = 0; after < 1000;) {
      const { data, next } = await (await fetch(`${origin}${box.messages}?after=${after}&wait=60`)).json() as { data: number[], next: number }
      seen.push(...data)
      after = next
    }
    return seen
  }
  const all = Array.from({ length: 1000 }, (_, i) => i)
  const polls = [poll(), poll()]
  for (const i of all) {
    await box.store(i)
    if (i % 7 === 0) await new Promise(resolve => { setImmediate(resolve) })
  }
  for (const seen of await Promise.all(polls)) t.same(seen, all)
  await stream.until(({ text }) => text.includes('id: 1000\n'))
  t.same(stream.events.map(({ data }) => Number(data)), all)
})
