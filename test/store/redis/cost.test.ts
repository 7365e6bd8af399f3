import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { BOX_COST, UNIT } from '../../../src/store/redis/lua.js'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import type { NewMessage } from '../../../src/store/store.js'
import { needs } from '../../helpers/needs.js'
import { limits as wide, RedisServer } from '../../helpers/redis-server.js'

const limits = { ...wide, maxMessages: 100_000, maxBoxBytes: 1e9, held: { boxes: 1e6, bytes: 1e12 } }
const HOUR = 3_600_000
const newDrop = (): string => `drop_${randomBytes(24).toString('base64url')}`
const text = (bytes: number): NewMessage => ({ text: JSON.stringify('x'.repeat(bytes - 2)), bytes })
const keyed = (): NewMessage => ({ text: '1', bytes: 1, key: { id: randomUUID(), digest: randomBytes(32).toString('base64url') } })

t.test('what counts against a holder in Redis is within a tenth of what it uses', { skip: needs('redis-server') }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const now = Date.now()
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await server.cli('info', 'memory'))?.[1])
  /** What the boxes take, without what the server keeps ready for connections. */
  const size = async (drops: string[]): Promise<number> => {
    let sum = 0
    for (const key of drops.flatMap(drop => [`signalbox:{${drop}}`, `signalbox:{${drop}}:m`])) {
      sum += Number(await server.cli('memory', 'usage', key, 'samples', '0'))
    }
    return sum
  }
  const units = async (holder: string): Promise<number> => Number(await server.cli('hget', `signalbox:held:{${holder}}:units`, 'sum'))
  const check = (used: number, counted: number, what: string): void => {
    t.ok(used > 0.9 * counted && used < 1.1 * counted, `${what}: ${(used / counted).toFixed(3)} of what is counted`)
  }

  const count = 10_000
  const before = await used()
  // Not all at once: the last of them would wait behind the others for longer than the store's deadline.
  for (let made = 0; made < count; made += 100) {
    await Promise.all(Array.from({ length: 100 }, () => store.create(newDrop(), HOUR, now, limits, 'empty')))
  }
  check(await used() - before, count * BOX_COST, 'empty boxes')

  /** Fills boxes, gives back what they were granted for what is to come, and compares. A box counts in whole units, so on average half a one less than it has. */
  async function fill (holder: string, times: number, next: () => NewMessage, keep?: number): Promise<void> {
    const drops = Array.from({ length: 4 }, newDrop)
    for (const drop of drops) await store.create(drop, HOUR, now, limits, holder, keep)
    const empty = await size(drops)
    await Promise.all(drops.map(async drop => {
      for (let n = 0; n < times; n++) await store.append(drop, next(), now, limits)
      await store.acknowledge(drop, 0, now)
    }))
    check(await size(drops) - empty, (await units(holder) + drops.length / 2) * UNIT, holder)
  }
  for (const bytes of [32, 100, 700, 1_500, 2_800, 5_000, 10_000, 60_000]) {
    await fill(`messages of ${bytes} bytes`, Math.ceil(120_000 / bytes), () => text(bytes))
    await fill(`messages of ${bytes} bytes in a room`, Math.ceil(120_000 / bytes), () => text(bytes), HOUR)
  }
  await fill('keys', 1_024, keyed)
})
