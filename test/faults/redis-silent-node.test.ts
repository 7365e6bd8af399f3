import t from 'tap'
import { Cluster } from 'ioredis'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { dropAddress, limits, message, startCluster, until } from '../helpers/redis-server.js'

const MIB = 1024 * 1024
const DEADLINE = 1_000

t.test('large reads from a master that falls silent take no room from those of the other masters for long', { skip: needs('redis-server') }, async t => {
  const nodes = await startCluster(t)
  const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })), {
    retryDelayOnFailover: 0,
    redisOptions: { autoResendUnfulfilledCommands: false, socketTimeout: 2 * DEADLINE }
  })
  client.on('error', () => {})
  t.teardown(() => { client.disconnect() })
  const store = await redisStore({ client, deadline: DEADLINE })
  t.teardown(() => store.close())
  const [silent] = nodes as [typeof nodes[0]]
  const drops = Array.from({ length: 24 }, (_, i) => dropAddress(`silent-${i}`))
  for (const drop of drops) {
    await store.create(drop, 600_000, Date.now(), limits)
    await store.append(drop, message(JSON.stringify('x'.repeat(MIB))), Date.now(), limits)
  }
  const keys = await silent.cli('keys', '*')
  const there = drops.filter(drop => keys.includes(drop))
  const elsewhere = drops.filter(drop => !there.includes(drop))
  t.ok(there.length > 0 && elsewhere.length > 0)

  // It falls silent when it is asked for the first large page.
  const ask = client.evalsha.bind(client) as (...args: unknown[]) => Promise<unknown>
  Object.assign(client, {
    evalsha: (...args: unknown[]) => {
      if (args.at(-1) as number > MIB) silent.pause()
      return ask(...args)
    }
  })
  const read = async (drop: string): Promise<string> => await store.read(drop, 0, 1, Date.now()).then(() => 'read', (error: { code: string }) => error.code)
  const refused = await Promise.all(Array.from({ length: 40 }, (_, i) => read(there[i % there.length] as string)))
  t.notOk(refused.includes('read'))
  t.ok(refused.includes('BOX_ERR_STORE'), 'some were asked')
  t.ok(refused.includes('BOX_ERR_BUSY'), 'and took all the room')
  await until(async () => (await Promise.all(elsewhere.map(read))).every(result => result === 'read'))
  silent.resume()
})
