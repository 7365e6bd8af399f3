// The Redis store: against memory, across processes, and what boxes and scripts take of Redis itself.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Redis } from 'ioredis'
import { redisStore } from '../dist/index.js'
import { latencyToEvent, openStream, poster } from './delivery.js'
import { load, requests } from './load.js'
import { createBoxes, median, message, percentile, report, startServer } from './lib.js'
import { isInstalled, withCluster, withRedis } from './redis-server.js'
import { against, compare } from './store.js'

const BOXES = 100_000
const IN_FLIGHT = 64
const limits = { maxMessages: 1_000_000, maxBoxBytes: 2 ** 40 }
const text = { text: message, bytes: Buffer.byteLength(message) }

const number = (info, name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)[1])

/** Seconds of CPU that Redis's main thread has used. */
async function busyRedis (admin) {
  const info = await admin.info('cpu')
  return number(info, 'used_cpu_user_main_thread') + number(info, 'used_cpu_sys_main_thread')
}

/** Seconds of CPU that a process has used: `utime` and `stime` of proc(5), in ticks of 10 ms. */
function busyProcess (pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Calls `use` with one index after the other, `IN_FLIGHT` at a time. Returns the calls per second that the client sees, and the time that each takes of Redis's main thread. */
async function measure (admin, count, use) {
  const [before, begun] = [await busyRedis(admin), performance.now()]
  let turn = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => { while (turn < count) await use(turn++) }))
  const seconds = (performance.now() - begun) / 1000
  return `${Math.round(count / seconds)} /s, ${((await busyRedis(admin) - before) / count * 1e6).toFixed(1)} µs of Redis`
}

async function memory (admin, count, work) {
  const before = number(await admin.info('memory'), 'used_memory')
  await work()
  return `${Math.round((number(await admin.info('memory'), 'used_memory') - before) / count)} bytes`
}

async function besideMemory (url) {
  const { store: [memory, redis] } = await compare(['memory', 'redis'], ['store'], { redis: url })
  const { rate, ratio } = against(memory, redis)
  report('store, redis', `${rate} /s, ${ratio} of memory`, '>= 0.5', Number(ratio))
}

/** Stored through one process, streamed from another. */
async function delivery (url) {
  const [one, two] = [await startServer('redis', url), await startServer('redis', url)]
  const [box] = await createBoxes(one.url, 1)
  const path = `/boxes/${box}/messages`
  const times = await latencyToEvent(two.url + path, poster(one.url + path))
  report('redis: store to stream across two processes, p50', `${median(times).toFixed(2)} ms`, '<= 2 ms')
  report('redis: store to stream across two processes, p99', `${percentile(times, 0.99).toFixed(2)} ms`)
  await one.stop()
  await two.stop()
}

/** A server process whose CPU time can be read. */
async function startProcess (url) {
  const child = fork(new URL('./server.js', import.meta.url), ['redis', url])
  const [{ port }] = await once(child, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    busy: () => busyProcess(child.pid),
    async stop () {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    }
  }
}

/** What `work` resolves with, and the CPU time of the servers and of Redis during it, as a function of the number to divide it by. */
async function busyWith (admin, servers, work) {
  const read = async () => [servers.reduce((sum, server) => sum + server.busy(), 0), await busyRedis(admin)]
  const before = await read()
  const result = await work()
  const after = await read()
  return { result, each: count => after.map((seconds, i) => `${Math.round((seconds - before[i]) / count * 1e6)} µs`).join(', ') }
}

/**
 * The same load on more server processes. The load, Redis and the servers share the machine's cores,
 * so the CPU time that each message takes of a server and of Redis shows how far it scales.
 */
async function growth (url) {
  const admin = new Redis(url)
  for (const processes of [1, 2, 4]) {
    const servers = await Promise.all(Array.from({ length: processes }, () => startProcess(url)))
    const boxes = await createBoxes(servers[0].url, 400)
    const store = () => Promise.all(servers.map(server => load(server.url, requests.store(boxes), { connections: IN_FLIGHT / processes, seconds: 5 })))
    await store()
    const { result, each } = await busyWith(admin, servers, store)
    const total = figure => result.reduce((sum, loaded) => sum + loaded[figure], 0)
    report(`store, redis, server processes: ${processes}, cores: ${availableParallelism()}`, `${Math.round(total('rate'))} /s`)
    report('  CPU time of servers and of Redis for each', each(total('answered')))
    await Promise.all(servers.map(server => server.stop()))
  }
  await admin.quit()
}

/** The whole path of a message: stored through one process, streamed from another, acknowledged there. */
async function wholeWay (url) {
  const admin = new Redis(url)
  const servers = [await startProcess(url), await startProcess(url)]
  const [one, two] = servers
  const closers = []
  const senders = await Promise.all((await createBoxes(one.url, 256)).map(async box => {
    let come = 0
    const heard = { next () {} }
    closers.push(await openStream(`${two.url}/boxes/${box}/messages`, () => { come++; heard.next() }))
    const post = poster(`${one.url}/boxes/${box}/messages`)
    return async () => {
      const streamed = new Promise(resolve => { heard.next = resolve })
      await Promise.all([post(), streamed])
      const answer = await fetch(`${two.url}/boxes/${box}/cursor`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ after: come }) })
      await answer.arrayBuffer()
    }
  }))
  const load = async seconds => {
    let messages = 0
    const end = performance.now() + seconds * 1000
    await Promise.all(senders.map(async send => {
      for (; performance.now() < end; messages++) await send()
    }))
    return messages
  }
  await load(4)
  const { result: messages, each } = await busyWith(admin, servers, () => load(6))
  report('redis: a message stored, streamed, acknowledged: servers, Redis', each(messages))
  for (const close of closers) close()
  for (const server of servers) await server.stop()
  await admin.quit()
}

async function constants (url) {
  const store = await redisStore({ url })
  const admin = new Redis(url)
  const now = Date.now()
  const drops = Array.from({ length: BOXES }, () => `drop_${randomBytes(24).toString('base64url')}`)
  const each = (use, count = BOXES) => measure(admin, count, i => use(drops[i % BOXES]))
  const append = drop => store.append(drop, text, now, limits)
  const drain = drop => store.drain(drop, now)
  const newKey = () => ({ id: randomBytes(16).toString('hex'), digest: randomBytes(32).toString('base64url') })
  const rates = {}

  report('redis: an empty box', await memory(admin, BOXES, async () => {
    rates.create = await each(drop => store.create(drop, 86_400_000, now, limits))
  }), '<= 400 bytes')
  report('redis: each Idempotency-Key a box remembers', await memory(admin, 2 * BOXES, async () => {
    for (let i = 0; i < 2; i++) {
      rates['append, with a key'] = await each(drop => store.append(drop, { ...text, key: newKey() }, now, limits))
      rates['drain of one'] = await each(drain)
    }
  }))
  report(`redis: the first message of a box, ${text.bytes} bytes`, await memory(admin, BOXES, async () => {
    rates.append = await each(append)
  }))
  report(`redis: each further message, ${text.bytes} bytes`, await memory(admin, 2 * BOXES, async () => {
    await each(append, 2 * BOXES)
  }))
  rates['read of three'] = await each(drop => store.read(drop, 0, 100, now))
  rates['acknowledge of two'] = await each(drop => store.acknowledge(drop, 3, now))
  rates['read of one'] = await each(drop => store.read(drop, 3, 100, now))
  rates['read of none'] = await each(drop => store.read(drop, 4, 100, now))
  rates['count for a rate limit'] = await measure(admin, BOXES, i => store.counter.increment(`stores:10.0.${i & 255}.1`, 60_000))
  const leave = []
  report('redis: a box that a process is subscribed to', await memory(admin, BOXES, async () => {
    rates.subscribe = await each(async drop => { leave.push(await store.subscribe(drop, () => {})) })
  }))
  for (const unsubscribe of leave) unsubscribe()
  rates.delete = await each(drop => store.delete(drop, now))
  for (const [what, rate] of Object.entries(rates)) report(`redis: ${what}, ${IN_FLIGHT} in flight`, rate)
  await admin.quit()
  await store.close()
}

/** What a flush for every response costs. */
async function flushing (url) {
  const store = await redisStore({ url })
  const drop = `drop_${randomBytes(24).toString('base64url')}`
  await store.create(drop, 86_400_000, Date.now(), limits)
  const admin = new Redis(url)
  report(`redis: append, ${IN_FLIGHT} in flight, appendfsync always`, await measure(admin, 20_000, () => store.append(drop, text, Date.now(), limits)))
  await admin.quit()
  await store.close()
}

/** What a Cluster adds to an append: the replica gets it, and the wake-up. */
async function clustered (urls) {
  const store = await redisStore({ url: urls })
  const admins = urls.map(url => new Redis(url))
  const busy = async () => (await Promise.all(admins.map(busyRedis))).reduce((sum, seconds) => sum + seconds)
  const drops = Array.from({ length: 1_000 }, () => `drop_${randomBytes(24).toString('base64url')}`)
  for (const drop of drops) await store.create(drop, 86_400_000, Date.now(), limits)
  const before = await busy()
  const count = 50_000
  let turn = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (turn < count) await store.append(drops[turn++ % drops.length], text, Date.now(), limits)
  }))
  report('redis: append, Cluster of 3 masters and 3 replicas', `${((await busy() - before) / count * 1e6).toFixed(1)} µs of a master`)
  for (const admin of admins) await admin.quit()
  await store.close()
}

export async function run () {
  if (!isInstalled) {
    report('redis', 'redis-server is missing')
    return
  }
  for (const part of [besideMemory, delivery, growth, wholeWay, constants]) await withRedis('everysec', part)
  await withRedis('always', flushing)
  await withCluster(3, clustered)
}
