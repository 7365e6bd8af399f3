import t from 'tap'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import { needs } from '../../helpers/needs.js'
import { dropAddress, limits, message, RedisServer, until } from '../../helpers/redis-server.js'

const skip = needs('redis-server')

t.test('a listener is called for changes by another instance, on its own box only', { skip }, async t => {
  const server = await RedisServer.start(t)
  const [here, there] = await Promise.all([redisStore({ url: server.url }), redisStore({ url: server.url })])
  t.teardown(async () => { await Promise.all([here.close(), there.close()]) })
  const [drop, other] = [dropAddress('mine'), dropAddress('other')]
  await there.create(drop, 60_000, Date.now(), limits)
  await there.create(other, 60_000, Date.now(), limits)
  let heard = 0
  const unsubscribe = await here.subscribe(drop, () => { heard++ })

  await there.append(other, message('1'), Date.now(), limits)
  await there.append(drop, message('1'), Date.now(), limits)
  await until(async () => heard === 1)
  await there.read(drop, 0, 10, Date.now())
  await there.acknowledge(drop, 1, Date.now())
  await there.delete(drop, Date.now())
  await until(async () => heard === 2)
  unsubscribe()
})

t.test('a box is subscribed to once, and only while it has a listener in this process', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('shared')
  const channel = `signalbox:{${drop}}`
  const subscribed = async (): Promise<string> => await server.cli('pubsub', 'shardnumsub', channel)

  const both = await Promise.all([store.subscribe(drop, () => {}), store.subscribe(drop, () => {})])
  t.equal(await subscribed(), `${channel}\n1`)
  both[0]()
  both[0]()
  await store.subscribe(dropAddress('another'), () => {})
  t.equal(await subscribed(), `${channel}\n1`, 'the second listener is still there')
  both[1]()
  const again = store.subscribe(drop, () => {})
  ;(await again)()
  await until(async () => await subscribed() === `${channel}\n0`)
})

t.test('a message stored by another process wakes a listener in this one', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('across')
  await store.create(drop, 60_000, Date.now(), limits)
  let heard = 0
  await store.subscribe(drop, () => { heard++ })

  const other = fork(new URL('./other-process.ts', import.meta.url), [server.url, drop])
  t.teardown(() => { other.kill() })
  const exited = once(other, 'exit')
  await until(async () => heard === 1)
  t.same((await store.read(drop, 0, 10, Date.now())).texts, ['"from another process"'])
  t.same(await exited, [0, null])
})
