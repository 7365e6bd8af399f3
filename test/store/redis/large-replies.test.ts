import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import { needs } from '../../helpers/needs.js'
import { dropAddress, limits, message, RedisServer, sendsOnce } from '../../helpers/redis-server.js'
import { until } from '../../helpers/until.js'

const skip = needs('redis-server')
const MIB = 1024 * 1024
const text = JSON.stringify('x'.repeat(MIB / 16 - 2))

type Ask = () => Promise<unknown>

/** @param around runs whatever the store asks of Redis; `most` is the last argument: of a read or drain, the most bytes wanted */
async function setUp (t: Test, around = async (ask: Ask, _most: unknown): Promise<unknown> => await ask(), deadline = 60_000) {
  const server = await RedisServer.start(t)
  const client = new Redis(server.url, sendsOnce)
  t.teardown(() => { client.disconnect() })
  for (const name of ['eval', 'evalsha'] as const) {
    const ask = client[name].bind(client) as (...args: unknown[]) => Promise<unknown>
    Object.assign(client, { [name]: async (...args: unknown[]) => await around(async () => await ask(...args), args.at(-1)) })
  }
  const store = await redisStore({ client, deadline })
  t.teardown(() => store.close())

  async function create (name: string, messages: number): Promise<string> {
    const drop = dropAddress(name)
    await store.create(drop, 600_000, Date.now(), limits)
    await fill(drop, messages)
    return drop
  }
  async function fill (drop: string, messages: number): Promise<void> {
    for (let i = 0; i < messages; i++) await store.append(drop, message(text), Date.now(), limits)
  }
  const memory = async (field: string): Promise<number> => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await server.cli('info', 'memory'))?.[1]) / MIB

  /** Reads a full box many times at once, and checks that Redis needs little memory for that. */
  async function readAll (drop: string, meanwhile = async (): Promise<void> => {}): Promise<void> {
    const before = await memory('used_memory')
    const reading = Promise.all(Array.from({ length: 200 }, () => store.read(drop, 0, 100, Date.now())))
    await meanwhile()
    const pages = await reading
    t.ok(pages.every(({ texts, next }) => texts.length === 16 && texts[15] === text && next === 16))
    const peak = await memory('used_memory_peak') - before
    t.ok(peak < 48, `${Math.round(peak)} MiB for 200 replies of 1 MiB`)
  }
  return { store, create, fill, readAll }
}

t.test('however many read a full box at once, Redis keeps few replies in memory, and all are answered', { skip }, async t => {
  const { create, readAll } = await setUp(t)
  await readAll(await create('full', 16))
})

t.test('the same holds if the box fills up while they wait', { skip }, async t => {
  const held: Array<() => void> = []
  const { create, fill, readAll } = await setUp(t, async ask => {
    const reply = await ask()
    // How much there is to read is known only when there is more.
    if (Array.isArray(reply) && reply[0] === 'needs' && held.length < 200) await new Promise<void>(resolve => { held.push(resolve) })
    return reply
  })
  const drop = await create('growing', 1)
  await readAll(drop, async () => {
    while (held.length < 200) await new Promise(resolve => setImmediate(resolve))
    await fill(drop, 15)
    for (const pass of held) pass()
  })
})

t.test('of many drains at once, few are under way', { skip }, async t => {
  let underWay = 0
  let most = 0
  const { store, create } = await setUp(t, async (ask, wanted) => {
    if (Number(wanted) < MIB) return await ask()
    most = Math.max(most, ++underWay)
    return await ask().finally(() => { underWay-- })
  })
  const drops = await Promise.all(Array.from({ length: 100 }, (_, i) => create(`full-${i}`, 16)))
  most = 0
  const drains = await Promise.all(drops.map(drop => store.drain(drop, Date.now(), 2 * MIB)))
  t.ok(drains.every(drained => 'texts' in drained && drained.texts.length === 16 && drained.next === 16))
  t.equal(most, 15, 'of a little more than 1 MiB each')
})

t.test('a small box is drained at once, however many large replies are under way', { skip }, async t => {
  let pass = (): void => {}
  const held = new Promise<void>(resolve => { pass = resolve })
  let large = 0
  const { store, create } = await setUp(t, async (ask, wanted) => {
    if (Number(wanted) < MIB) return await ask()
    large++
    return await held.then(ask)
  })
  const [full, small] = [await create('full', 16), await create('small', 0)]
  await store.append(small, message('1'), Date.now(), limits)
  const reads = Array.from({ length: 40 }, () => store.read(full, 0, 100, Date.now()))
  await until(() => large === 15)
  t.match(await store.drain(small, Date.now(), 64 * 1024), { texts: ['1'], next: 1 })
  pass()
  await Promise.all(reads)
})

t.test('a large read whose turn does not come in time is told to try again, and asks nothing', { skip }, async t => {
  let asked = 0
  const { store, create } = await setUp(t, async ask => {
    const reply = await ask()
    const isLarge = Array.isArray(reply) && Array.isArray(reply[2]) && reply[2].length === 16
    if (isLarge && ++asked > 0) await new Promise(() => {})
    return reply
  }, 1_000)
  const drop = await create('full', 16)
  const codes = await Promise.all(Array.from({ length: 40 }, () => store.read(drop, 0, 100, Date.now()).catch((error: { code: string }) => error.code)))
  t.same(codes.filter(code => code === 'BOX_ERR_STORE').length, asked, 'Redis did not reply')
  t.same(codes.filter(code => code === 'BOX_ERR_BUSY').length, codes.length - asked)
})

t.test('a page that is too large for its first reply comes whole, from any cursor', { skip }, async t => {
  const { store, create } = await setUp(t)
  const drop = await create('any', 16)
  await store.append(drop, message('"small"'), Date.now(), limits)
  t.same((await store.read(drop, 16, 100, Date.now())).texts, ['"small"'])
  t.same((await store.read(drop, 15, 100, Date.now())).texts, [text, '"small"'])
  t.match(await store.read(drop, 3, 2, Date.now()), { texts: [text, text], next: 5 })
})
