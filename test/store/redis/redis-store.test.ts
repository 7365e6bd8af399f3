import t from 'tap'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { Redis } from 'ioredis'
import { redisStore } from '../../../src/store/redis/redis-store.js'
import { parseUrls } from '../../../src/store/redis/connection.js'
import { needs } from '../../helpers/needs.js'
import { dropAddress, freePort, limits, message, RedisServer, sendsOnce, until } from '../../helpers/redis-server.js'
import { contractSuite } from '../contract.js'

const skip = needs('redis-server')

t.test('one server', { skip }, async t => {
  const server = await RedisServer.start(t)
  let made = 0
  // Total size is the server's business (maxmemory), and so is freeing expired boxes.
  contractSuite(t, async () => await redisStore({ url: server.url, prefix: `${++made}:` }), { countsBytes: false, sweeps: false, hasCounter: true, freeBytes: 8192 })
})

t.test('a URL gives node, database, user, password and TLS; several URLs are a Cluster', async t => {
  t.same(parseUrls('redis://localhost'), { cluster: false, nodes: [{ host: 'localhost', port: 6379 }], access: { db: 0 } })
  t.same(parseUrls('valkeys://me:p%40ss@[::1]:7000/2'), {
    cluster: false, nodes: [{ host: '::1', port: 7000 }], access: { db: 2, username: 'me', password: 'p@ss', tls: {} }
  })
  t.same(parseUrls('rediss://:secret@a:1,rediss://b:2'), {
    cluster: true, nodes: [{ host: 'a', port: 1 }, { host: 'b', port: 2 }], access: { db: 0, password: 'secret', tls: {} }
  })
  t.match(parseUrls(['redis+cluster://a:1']), { cluster: true, nodes: [{ host: 'a', port: 1 }] })
  for (const url of ['http://:secret@a', 'redis:', 'secret', 'redis://:secret@a/x', 'redis://:secret%@a', 'redis://secret%zz:x@a', '', [], 'redis://a/1,redis://b/1']) {
    t.throws(() => parseUrls(url), { name: 'TypeError', message: /^url: (?!.*secret)/ }, String(url))
  }
})

t.test('a prefix that would move a box to another hash slot is refused', async t => {
  await t.rejects(redisStore({ prefix: 'a{b}' }), { name: 'TypeError', message: /^prefix: .*a\{b\}/ })
})

t.test('without the package ioredis, one sentence says what to install', async t => {
  // A place outside of this package, where nothing is installed.
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-'))
  t.teardown(async () => { await rm(directory, { recursive: true }) })
  const outfile = join(directory, 'redis.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../../../src/store/redis/redis-store.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['ioredis'],
    // The manifest, which says what version to install, is that of this package.
    define: { 'import.meta.url': JSON.stringify(new URL('../../../src/manifest.ts', import.meta.url).href) }
  })
  const alone = await import(pathToFileURL(outfile).href) as { redisStore: typeof redisStore }
  await t.rejects(alone.redisStore(), { message: /^The Redis store needs the package ioredis 6: npm install ioredis@6$/ })
})

t.test('an empty box takes at most 400 bytes of Redis', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const used = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await server.cli('info', 'memory'))?.[1])
  const COUNT = 20_000
  const before = await used()
  const drops = Array.from({ length: COUNT }, (_, i) => dropAddress(`empty-${i}`))
  for (let i = 0; i < COUNT; i += 500) {
    await Promise.all(drops.slice(i, i + 500).map(async drop => { await store.create(drop, 86_400_000, Date.now(), limits) }))
  }
  const perBox = (await used() - before) / COUNT
  t.ok(perBox > 50 && perBox <= 400, `${Math.round(perBox)} bytes`)
})

t.test('Redis frees the memory of a box on its own after the deadline', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('freed')
  const key = `signalbox:{${drop}}`
  const now = Date.now()
  const left = async (name: string): Promise<number> => Number(await server.cli('pttl', name))
  const isSoonAfter = (ttl: number, pttl: number): boolean => pttl > ttl && pttl <= ttl + 60_000

  await store.create(drop, 10_000, now, limits)
  t.ok(isSoonAfter(10_000, await left(key)))
  await store.append(drop, message('1'), now, limits)
  t.ok(Math.abs(await left(`${key}:m`) - await left(key)) < 1_000, 'the messages go with their box')
  await store.drain(drop, now)
  await store.append(drop, message('2'), now + 5_000, limits)
  t.ok(isSoonAfter(10_000, await left(`${key}:m`)), 'a use renews both')
  await store.delete(drop, now)
  t.equal(await server.cli('dbsize'), '0')
})

t.test('the messages of a room go with it, and none is in the next one under its id', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('room')
  const key = `signalbox:{${drop}}`
  const now = Date.now()
  const due = async (name: string): Promise<number> => Number(await server.cli('pexpiretime', name))
  await store.open(drop, 10_000, now, limits, undefined, 10_000)
  for (const later of [0, 1_000, 2_000]) {
    await store.append(drop, message('"old"'), now + later, limits)
    t.ok(await due(`${key}:m`) <= await due(key), `after ${later} ms`)
  }
  // As if Redis had freed one of the two before the other.
  await server.cli('del', key)
  await store.open(drop, 10_000, now + 20_000, limits)
  t.same(await store.append(drop, message('"new"'), now + 20_000, limits), { seq: 1, count: 1 })
  t.match(await store.drain(drop, now + 20_000), { texts: ['"new"'] })
})

t.test('Redis keeps the messages of a room for as long as they are to be kept, whenever the room was last renewed', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const [drop, now, hour] = [dropAddress('kept'), Date.now(), 3_600_000]
  await store.open(drop, hour, now, limits, undefined, hour)
  const later = 449_000
  // As it is when the room has been used so early that it is not renewed yet.
  await server.cli('pexpire', `signalbox:{${drop}}`, String(hour + 60_000 - later))
  await store.append(drop, message('"kept"'), now + later, limits)
  await store.read(drop, 0, 10, now + later + 11_000)
  const due = async (key: string): Promise<number> => Number(await server.cli('pexpiretime', key))
  const list = await due(`signalbox:{${drop}}:m`)
  t.ok(list > now + hour)
  t.ok(await due(`signalbox:{${drop}}`) >= list)
})

t.test('Redis frees the messages of an idle room once they have expired, and the room goes on', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('idle')
  const list = `signalbox:{${drop}}:m`
  const now = Date.now()
  const left = async (): Promise<number> => Number(await server.cli('pttl', list))
  await store.open(drop, 3_600_000, now, limits, undefined, 1_000)
  for (let i = 0; i < 3; i++) await store.append(drop, message('"old"'), now, limits)
  t.ok(await left() <= 61_000)
  await store.read(drop, 0, 10, now + 1_800_000)
  t.ok(await left() <= 61_000, 'a read that renews the room keeps them no longer')
  await server.cli('del', list)
  t.same(await store.append(drop, message('"new"'), now, limits), { seq: 4, count: 1 })
  t.match(await store.read(drop, 0, 10, now), { texts: ['"new"'], next: 4 })
  t.equal(await server.cli('hget', `signalbox:{${drop}}`, 'b'), '5')
})

t.test('numbers continue after a restart of Redis, which forgets the scripts', { skip }, async t => {
  const server = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const store = await redisStore({ url: server.url })
  t.teardown(() => store.close())
  const drop = dropAddress('restart')
  await store.create(drop, 60_000, Date.now(), limits)
  await store.append(drop, message('1', 'key'), Date.now(), limits)
  await store.drain(drop, Date.now())
  await server.kill()
  await server.run()
  await until(async () => { await store.check(); return true })
  t.same(await store.append(drop, message('1', 'key'), Date.now(), limits), { seq: 1, count: 1 })
  t.same(await store.append(drop, message('2'), Date.now(), limits), { seq: 2, count: 1 })
})

t.test('an unavailable server is waited for, then refused, and used once it is available', { skip }, async t => {
  const server = await RedisServer.start(t)
  await server.kill()
  const lines: string[] = []
  const store = await redisStore({ url: server.url, deadline: 300, log: (_, line) => lines.push(line) })
  t.teardown(() => store.close())
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
  await t.rejects(store.create(dropAddress('a'), 1_000, Date.now(), limits), { code: 'BOX_ERR_STORE' })
  await server.run()
  await until(async () => { await store.check(); return true })
  await store.create(dropAddress('a'), 1_000, Date.now(), limits)
  t.match(lines, [/^Redis is unavailable: .*ECONNREFUSED/, 'Redis is available again'])
})

t.test('risky settings are logged in one line at the start', { skip }, async t => {
  const safe = await RedisServer.start(t, ['--appendonly', 'yes'])
  const risky = await RedisServer.start(t, ['--maxmemory-policy', 'allkeys-lru', '--maxmemory', '100mb'])
  const mute = await RedisServer.start(t)
  await mute.cli('acl', 'setuser', 'guest', 'on', '>guest', '~*', '&*', '+@all', '-config', '-info')
  const lines = async (url: string): Promise<string[]> => {
    const lines: string[] = []
    await (await redisStore({ url, deadline: 1_000, log: (level, line) => lines.push(`${level} ${line}`) })).close()
    return lines
  }
  t.same(await lines(safe.url), [])
  t.match(await lines(risky.url), [/^warn Redis: .*allkeys-lru.*persistence is off/])
  t.same(await lines(mute.url.replace('//', '//guest:guest@')), [])
})

t.test('a wrong password is a refusal, and neither log nor error shows what was sent', { skip }, async t => {
  const server = await RedisServer.start(t)
  await server.cli('config', 'set', 'requirepass', 'right')
  const lines: string[] = []
  const store = await redisStore({ url: server.url.replace('//', '//:canary-wrong@'), deadline: 500, log: (_, line) => lines.push(line) })
  const error: unknown = await store.append(dropAddress('canary'), message('"canary"'), Date.now(), limits).catch(error => error)
  t.match(error, { code: 'BOX_ERR_STORE' })
  t.match(lines, [/^Redis is unavailable: WRONGPASS/])
  await store.close()
  t.notMatch(JSON.stringify(lines), /canary/)

  const right = await redisStore({ url: server.url.replace('//', '//:right@') })
  t.teardown(() => right.close())
  await right.create(dropAddress('canary'), 60_000, Date.now(), limits)
  const admin = new Redis(server.url, { password: 'right' })
  await admin.set(`signalbox:{${dropAddress('canary')}}:m`, 'not a list')
  await admin.quit()
  const wrong = await right.append(dropAddress('canary'), message('"canary"'), Date.now(), limits).catch(error => error)
  t.match(wrong, { code: 'BOX_ERR_STORE', cause: { message: /WRONGTYPE/ } })
  t.notMatch(JSON.stringify([wrong, wrong.cause, Object.values(wrong.cause)]), /canary/)
})

t.test('the Redis user of docs/scaling.md has the permissions the servers need, and no more', { skip }, async t => {
  const page = await readFile(new URL('../../../docs/scaling.md', import.meta.url), 'utf8')
  const rule = /^ACL (SETUSER signalbox .*)$/m.exec(page)?.[1] as string
  const server = await RedisServer.start(t)
  await server.cli('acl', ...rule.split(' '))
  const url = server.url.replace('//', '//signalbox:password@')
  const lines: string[] = []
  const store = await redisStore({ url, log: (_, line) => lines.push(line) })
  t.teardown(() => store.close())
  t.match(lines, [/persistence is off/], 'it may ask for the settings')

  const [drop, now] = [dropAddress('least'), Date.now()]
  let woken = 0
  const unsubscribe = await store.subscribe(drop, () => { woken++ })
  await store.create(drop, 8_000, now, limits)
  await store.create(drop, 8_000, now, limits)
  for (let i = 1; i < 1_030; i++) await store.append(drop, message('1', `key-${i}`), now, limits)
  await store.acknowledge(drop, 1, now + 4_000)
  await store.read(drop, 1, 10, now)
  await store.acknowledge(drop, 1_029, now)
  await store.drain(drop, now)
  await store.counter?.increment('192.0.2.1', 1_000)
  await store.check()
  await store.delete(drop, now)
  await until(async () => woken === 1_030)
  unsubscribe()
  await until(async () => await server.cli('pubsub', 'shardchannels') === '')
  t.match(await server.cli('-u', url, 'get', 'other'), /NOPERM/)
  t.match(await server.cli('-u', url, 'flushall'), /NOPERM/)
})

t.test('rediss:// uses TLS and verifies the certificate', { skip: skip || needs('openssl') }, async t => {
  const directory = t.testdir()
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', key, '-out', certificate, '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'])
  const port = await freePort()
  const server = await RedisServer.start(t, ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'])
  await server.cli('config', 'set', 'requirepass', 'right')
  const url = `rediss://:right@localhost:${port}`
  const drop = dropAddress('tls')

  const lines: string[] = []
  const distrustful = await redisStore({ url, deadline: 1_000, log: (_, line) => lines.push(line) })
  await distrustful.close()
  t.match(lines, [/^Redis is unavailable: self-signed certificate/])

  const plain = await redisStore({ url: server.url.replace('//', '//:right@') })
  t.teardown(() => plain.close())
  await plain.create(drop, 60_000, Date.now(), limits)
  const trusting = fork(new URL('./other-process.ts', import.meta.url), [url, drop], { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate } })
  t.same(await once(trusting, 'exit'), [0, null])
  t.equal((await plain.read(drop, 0, 1, Date.now())).next, 1)
})

t.test('a given client is used and left open', { skip }, async t => {
  const server = await RedisServer.start(t)
  const client = new Redis(server.url, { ...sendsOnce, lazyConnect: true })
  t.teardown(() => { client.disconnect() })
  const store = await redisStore({ client, prefix: 'mine:' })
  const drop = dropAddress('client')
  await store.create(drop, 60_000, Date.now(), limits)
  await store.subscribe(drop, () => {})
  await store.close()
  await store.close()
  await t.rejects(store.check(), { code: 'BOX_ERR_STORE' })
  t.same(await client.keys('*'), [`mine:{${drop}}`])
  t.equal(await server.cli('pubsub', 'shardchannels'), '')
})

t.test('processes share one window, which ends by the server\'s clock', { skip }, async t => {
  const server = await RedisServer.start(t)
  const [one, two] = await Promise.all([redisStore({ url: server.url }), redisStore({ url: server.url })])
  t.teardown(async () => { await Promise.all([one.close(), two.close()]) })
  for (const [i, store] of [one, two].entries()) {
    const { current, ttl = 0 } = await store.counter?.increment('192.0.2.1', 60_000) ?? {}
    t.equal(current, i + 1)
    t.ok(ttl > 50_000 && ttl <= 60_000, `${ttl} ms are left`)
  }
  t.equal((await two.counter?.increment('192.0.2.2', 60_000))?.current, 1)
  await one.counter?.increment('short', 50)
  await until(async () => (await two.counter?.increment('short', 50))?.current === 1)
})
