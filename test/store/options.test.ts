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

t.test('a given client that sends a command again, or waits forever for its reply, is refused, and the sentence names the settings', async t => {
  const careful = { autoResendUnfulfilledCommands: false, socketTimeout: 5_000 }
  const forever = { autoResendUnfulfilledCommands: false }
  const single = (options: object): Redis => new Redis({ lazyConnect: true, port: 1, ...options })
  const cluster = (options: object): Cluster => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, ...options })
  for (const client of [single({}), single({ socketTimeout: 5_000, maxRetriesPerRequest: 0 }), single(careful), single({ ...forever, maxRetriesPerRequest: 0 })]) {
    await t.rejects(redis({ client }), {
      name: 'TypeError',
      message: "redisStore: option 'client' expected a Redis with autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 and a socketTimeout, so that no message is stored twice when a connection is lost, and a silent one is dropped"
    })
  }
  for (const client of [cluster({}), cluster({ retryDelayOnFailover: 0 }), cluster({ redisOptions: careful }), cluster({ redisOptions: forever, retryDelayOnFailover: 0 })]) {
    await t.rejects(redis({ client }), {
      name: 'TypeError',
      message: "redisStore: option 'client' expected a Cluster with retryDelayOnFailover: 0, and with autoResendUnfulfilledCommands: false and a socketTimeout in its redisOptions, so that no message is stored twice when a connection is lost, and a silent one is dropped"
    })
  }
  for (const client of [single({ ...careful, maxRetriesPerRequest: 0 }), cluster({ redisOptions: careful, retryDelayOnFailover: 0 })]) {
    client.on('error', () => {})
    const store = await redisStore({ client, deadline: 1 })
    await store.close()
    client.disconnect()
  }
})
