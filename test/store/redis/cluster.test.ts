import t from 'tap'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import { needs } from '../../helpers/needs.js'
import { dropAddress, limits, message, startCluster, until } from '../../helpers/redis-server.js'
import { contractSuite } from '../contract.js'

t.test('a Cluster of three masters and three replicas', { skip: needs('redis-server') }, async t => {
  const nodes = await startCluster(t)
  const urls = nodes.map(({ url }) => url)
  let made = 0
  contractSuite(t, async () => await redisStore({ url: urls, prefix: `${++made}:` }), { countsBytes: false, sweeps: false, hasCounter: true, freeBytes: 8192 })

  t.test('one node is enough to discover the others, and boxes are spread over the masters', async t => {
    const store = await redisStore({ url: (urls[0] as string).replace('redis:', 'redis+cluster:'), prefix: 'spread:' })
    t.teardown(() => store.close())
    for (let i = 0; i < 60; i++) await store.create(dropAddress(`spread-${i}`), 60_000, Date.now(), limits)
    const counts = await Promise.all(nodes.slice(0, 3).map(async node => (await node.cli('--scan', '--pattern', 'spread:*')).split('\n').filter(Boolean).length))
    t.equal(counts.reduce((sum, count) => sum + count), 60)
    t.ok(counts.every(count => count > 5), counts.join())
  })

  t.test('a listener is subscribed on the master that has the box, and woken by another instance', async t => {
    const [here, there] = await Promise.all([redisStore({ url: urls }), redisStore({ url: urls })])
    t.teardown(async () => { await Promise.all([here.close(), there.close()]) })
    const drops = Array.from({ length: 30 }, (_, i) => dropAddress(`woken-${i}`))
    const woken = new Set<string>()
    const unsubscribes = await Promise.all(drops.map(async drop => {
      await there.create(drop, 60_000, Date.now(), limits)
      return await here.subscribe(drop, () => { woken.add(drop) })
    }))
    const channels = async (): Promise<number[]> => await Promise.all(nodes.map(async node => (await node.cli('pubsub', 'shardchannels')).split('\n').filter(Boolean).length))
    t.equal((await channels()).reduce((sum, count) => sum + count), 30)
    await Promise.all(drops.map(async drop => await there.append(drop, message('1'), Date.now(), limits)))
    await until(async () => woken.size === 30)
    for (const unsubscribe of unsubscribes) unsubscribe()
    await until(async () => (await channels()).every(count => count === 0))
  })

  t.test('a slot that moves to another master takes its box and its listeners along', async t => {
    const [here, there] = await Promise.all([redisStore({ url: urls }), redisStore({ url: urls })])
    t.teardown(async () => { await Promise.all([here.close(), there.close()]) })
    const drop = dropAddress('moves')
    const key = `signalbox:{${drop}}`
    await there.create(drop, 60_000, Date.now(), limits)
    await there.append(drop, message('1'), Date.now(), limits)
    let woken = 0
    await here.subscribe(drop, () => { woken++ })

    const masters = nodes.slice(0, 3)
    const keys = await Promise.all(masters.map(async node => await node.cli('--scan', '--pattern', key)))
    const from = masters[keys.indexOf(key)] as typeof masters[0]
    const to = masters.find(node => node !== from) as typeof masters[0]
    const slot = await from.cli('cluster', 'keyslot', key)
    const [fromId, toId] = await Promise.all([from.cli('cluster', 'myid'), to.cli('cluster', 'myid')])
    await to.cli('cluster', 'setslot', slot, 'importing', fromId)
    await from.cli('cluster', 'setslot', slot, 'migrating', toId)
    await from.cli('migrate', '127.0.0.1', String(to.port), '', '0', '5000', 'keys', key, `${key}:m`)
    for (const node of [to, from]) await node.cli('cluster', 'setslot', slot, 'node', toId)

    t.same(await there.append(drop, message('2'), Date.now(), limits), { seq: 2, count: 2 })
    const before = woken
    await until(async () => {
      await there.append(drop, message('3'), Date.now(), limits)
      return woken > before
    })
    t.equal((await to.cli('pubsub', 'shardchannels')), key)
  })
})
