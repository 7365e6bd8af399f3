import { Cluster, Redis } from 'ioredis'
import t from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { redisStore } from '../../src/store/redis/redis-store.js'

const lmdb = lmdbStore as unknown as (options?: unknown) => Promise<unknown>
const redis = redisStore as unknown as (options?: unknown) => Promise<unknown>

t.test('an unknown option, or one of the wrong type, is refused in one line', async t => {
  const client = new Redis({ lazyConnect: true, password: 'canary' })
  const refused: Array<[Promise<unknown>, string]> = [
    [lmdb(), 'lmdbStore: expected an object of options, received undefined'],
    [lmdb({}), "lmdbStore: option 'path' expected the path of a directory, received undefined"],
    [lmdb({ paht: 'boxes' }), "lmdbStore: unknown option 'paht'. Did you mean 'path'?"],
    [lmdb({ path: 7 }), "lmdbStore: option 'path' expected the path of a directory, received 7"],
    [lmdb({ path: 'boxes', deadline: '5 s' }), "lmdbStore: option 'deadline' expected a time from 1 to 2147483647 ms, received '5 s'"],
    [lmdb({ path: 'boxes', onFailure: true }), "lmdbStore: option 'onFailure' expected a function, received true"],
    [redis({ host: 'localhost' }), "redisStore: unknown option 'host'"],
    [redis({ deadline: 0 }), "redisStore: option 'deadline' expected a time from 1 to 2147483647 ms, received 0"],
    [redis({ url: new URL('redis://:canary@localhost') }), "redisStore: option 'url' expected a URL or a list of URLs, received a value of type object"],
    [redis({ prefix: null }), "redisStore: option 'prefix' expected a string, received null"],
    [redis({ client: 'redis://localhost' }), "redisStore: option 'client' expected a Redis or Cluster of ioredis, without url, received a value of type string"]
  ]
  for (const [opened, message] of refused) await t.rejects(opened, { name: 'TypeError', message })
  await t.rejects(redis({ client, url: 'redis://localhost' }), { name: 'TypeError', message: "redisStore: option 'client' expected a Redis or Cluster of ioredis, without url, received a value of type object" })
})

t.test('a given client that sends a command again is refused, and the sentence names the settings', async t => {
  const never = { autoResendUnfulfilledCommands: false }
  const single = (options: object): Redis => new Redis({ lazyConnect: true, port: 1, ...options })
  const cluster = (options: object): Cluster => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, ...options })
  for (const client of [single({}), single({ maxRetriesPerRequest: 0 }), single(never)]) {
    await t.rejects(redis({ client }), {
      name: 'TypeError',
      message: "redisStore: option 'client' expected a Redis with autoResendUnfulfilledCommands: false and maxRetriesPerRequest: 0, so that no message is stored twice when a connection is lost"
    })
  }
  for (const client of [cluster({}), cluster({ retryDelayOnFailover: 0 }), cluster({ redisOptions: never })]) {
    await t.rejects(redis({ client }), {
      name: 'TypeError',
      message: "redisStore: option 'client' expected a Cluster with retryDelayOnFailover: 0, and with autoResendUnfulfilledCommands: false in its redisOptions, so that no message is stored twice when a connection is lost"
    })
  }
  for (const client of [single({ ...never, maxRetriesPerRequest: 0 }), cluster({ redisOptions: never, retryDelayOnFailover: 0 })]) {
    client.on('error', () => {})
    const store = await redisStore({ client, deadline: 1 })
    await store.close()
    client.disconnect()
  }
})
