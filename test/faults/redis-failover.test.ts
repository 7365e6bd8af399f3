import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisStore } from '../../src/store/redis/redis-store.js'
import { needs } from '../helpers/needs.js'
import { dropAddress, limits, message, startCluster, until, untilStored } from '../helpers/redis-server.js'

t.test('when a master of the Cluster dies, its replica takes over, and all other boxes remain available', { skip: needs('redis-server') }, async t => {
  const nodes = await startCluster(t)
  const store = await redisStore({ url: nodes.map(({ url }) => url), deadline: 2_000 })
  t.teardown(() => store.close())
  const other = await redisStore({ url: nodes.map(({ url }) => url), deadline: 2_000 })
  t.teardown(() => other.close())
  const [victim, witness] = nodes as [typeof nodes[0], typeof nodes[0]]
  const drops = Array.from({ length: 24 }, (_, i) => dropAddress(`failover-${i}`))
  for (const drop of drops) await store.create(drop, 600_000, Date.now(), limits)
  const woken = new Map(drops.map(drop => [drop, 0]))
  for (const drop of drops) await other.subscribe(drop, () => { woken.set(drop, woken.get(drop) as number + 1) })
  const keys = (await victim.cli('keys', '*')).split('\n')
  const onVictim = drops.filter(drop => keys.some(key => key.includes(drop)))
  t.ok(onVictim.length > 0 && onVictim.length < drops.length, `${onVictim.length} of ${drops.length} boxes are on the master that dies`)

  const load = { on: true }
  const writers = drops.map(async drop => {
    let stored = 0
    let refused = 0
    while (load.on) {
      const { retries } = await untilStored(store, drop, message(String(stored + 1), `key-${stored + 1}`))
      stored++
      refused += retries
      await sleep(10)
    }
    return { drop, stored, refused }
  })
  await sleep(500)
  await victim.kill()
  const killed = Date.now()
  await until(async () => !(await witness.cli('cluster', 'nodes')).split('\n').some(line => line.includes('master') && !line.includes('fail') && line.includes(`:${victim.port}@`)))
  await until(async () => { await Promise.all(onVictim.map(async drop => await store.read(drop, 0, 1, Date.now()))); return true })
  t.comment(`served again after ${Date.now() - killed} ms`)
  await store.check()
  await sleep(500)
  load.on = false

  let lost = 0
  for (const { drop, stored, refused } of await Promise.all(writers)) {
    const { texts, next } = await store.read(drop, 0, 1_000_000, Date.now())
    if (!onVictim.includes(drop)) {
      t.equal(refused, 0, 'a box elsewhere was never refused')
      t.equal(texts.length, stored)
    }
    t.equal(next, texts.length, 'numbers have no gap')
    t.equal(new Set(texts).size, texts.length, 'no message is there twice')
    const kept = new Set(texts)
    const missing = Array.from({ length: stored }, (_, i) => i + 1).filter(number => !kept.has(String(number)))
    t.equal((missing.at(-1) ?? 0) - (missing[0] ?? 1) + 1, missing.length, 'only the last ones before the failover are missing')
    lost += missing.length
  }
  t.comment(`${lost} answered messages were lost, as replication is asynchronous`)

  const before = new Map(woken)
  await until(async () => {
    for (const drop of drops) await store.append(drop, message('"after"'), Date.now(), limits)
    await sleep(100)
    return drops.every(drop => woken.get(drop) as number > (before.get(drop) as number))
  })
})

t.test('when the whole Cluster is down, every request is refused at once, until it is back', { skip: needs('redis-server') }, async t => {
  const nodes = await startCluster(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const store = await redisStore({ url: nodes.map(({ url }) => url), deadline: 2_000 })
  t.teardown(() => store.close())
  const drops = Array.from({ length: 12 }, (_, i) => dropAddress(`outage-${i}`))
  let woken = 0
  for (const drop of drops) {
    await store.create(drop, 600_000, Date.now(), limits)
    await store.append(drop, message('1'), Date.now(), limits)
    await store.subscribe(drop, () => { woken++ })
  }
  await Promise.all(nodes.map(async node => { await node.kill() }))
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
  const begun = Date.now()
  for (const drop of drops) await t.rejects(store.append(drop, message('2'), Date.now(), limits), { code: 'BOX_ERR_STORE' })
  t.ok(Date.now() - begun < 2_000, `${drops.length} refusals in ${Date.now() - begun} ms`)

  await Promise.all(nodes.map(async node => { await node.run() }))
  await until(async () => {
    for (const drop of drops) t.same((await store.read(drop, 0, 10, Date.now())).texts, ['1'])
    return true
  })
  await until(async () => woken >= drops.length)
})
