// What the Redis store takes: memory per box, message and key, and what each script costs the server and a client.
// `node bench/redis.js` starts a redis-server of its own and stops it.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { pathToFileURL } from 'node:url'
import { Redis } from 'ioredis'
import { redisStore } from '../dist/index.js'
import { message, report, sleep, withTempDir } from './lib.js'

const BOXES = 100_000
const IN_FLIGHT = 64
const limits = { maxMessages: 1_000_000, maxBoxBytes: 2 ** 40 }
const text = { text: message, bytes: Buffer.byteLength(message) }

/** Runs `work` with a redis-server that writes an append-only file with this `appendfsync`. */
export async function withRedis (appendfsync, work) {
  await withTempDir(async dir => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address()
    probe.close()
    const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '',
      '--appendonly', 'yes', '--appendfsync', appendfsync, '--auto-aof-rewrite-percentage', '0'], { stdio: 'ignore' })
    const exited = once(server, 'exit')
    try {
      await sleep(500)
      await work(`redis://127.0.0.1:${port}`)
    } finally {
      server.kill()
      await exited
    }
  })
}

/** Calls `use` with each of the boxes, `IN_FLIGHT` at a time: calls a second as the client sees them, and µs of the server's CPU for each. */
async function measure (admin, count, use) {
  await admin.config('RESETSTAT')
  let turn = 0
  const begun = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => { while (turn < count) await use(turn++) }))
  const seconds = (performance.now() - begun) / 1000
  const [, calls, usec] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(await admin.info('commandstats'))
  return `${Math.round(count / seconds)} /s, ${(usec / calls).toFixed(1)} µs of Redis`
}

async function memory (admin, count, work) {
  const used = async () => Number(/^used_memory_dataset:(\d+)/m.exec(await admin.info('memory'))[1]) +
    Number(/^used_memory_overhead:(\d+)/m.exec(await admin.info('memory'))[1])
  const before = await used()
  await work()
  return `${Math.round((await used() - before) / count)} bytes`
}

export async function run () {
  await withRedis('everysec', async url => {
    const store = await redisStore({ url })
    const admin = new Redis(url)
    const now = Date.now()
    const drops = Array.from({ length: BOXES }, () => `drop_${randomBytes(24).toString('base64url')}`)
    const each = (count, use) => measure(admin, count, i => use(drops[i]))
    const key = () => ({ id: randomBytes(16).toString('hex'), digest: randomBytes(32).toString('base64url') })
    const rates = []

    report('redis: an empty box', await memory(admin, BOXES, async () => {
      rates.push(['create', await each(BOXES, drop => store.create(drop, 86_400_000, now, limits))])
    }), '<= 400 bytes')
    report(`redis: the first message of a box, ${text.bytes} bytes`, await memory(admin, BOXES, async () => {
      await each(BOXES, drop => store.append(drop, text, now, limits))
    }))
    report(`redis: each further message, ${text.bytes} bytes`, await memory(admin, 2 * BOXES, async () => {
      rates.push(['append', await each(BOXES, drop => store.append(drop, text, now, limits))])
      await each(BOXES, drop => store.append(drop, text, now, limits))
    }))
    report('redis: what its Idempotency-Key adds', await memory(admin, BOXES, async () => {
      rates.push(['append with a key, into an empty box', await each(BOXES, async drop => {
        await store.drain(drop, now)
        await store.append(drop, { ...text, key: key() }, now, limits)
        await store.drain(drop, now)
      })])
      await each(BOXES, drop => store.append(drop, text, now, limits))
    }))
    rates.push(['read of one', await each(BOXES, drop => store.read(drop, 0, 100, now))])
    rates.push(['acknowledge of one', await each(BOXES, drop => store.acknowledge(drop, 5, now))])
    rates.push(['read of none', await each(BOXES, drop => store.read(drop, 5, 100, now))])
    rates.push(['drain of none', await each(BOXES, drop => store.drain(drop, now))])
    rates.push(['count for a rate limit', await measure(admin, BOXES, i => store.counter.increment(`stores:10.0.${i & 255}.1`, 60_000))])
    rates.push(['delete', await each(BOXES, drop => store.delete(drop, now))])
    for (const [what, rate] of rates) report(`redis: ${what}, ${IN_FLIGHT} in flight`, rate)
    await admin.quit()
    await store.close()
  })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run()
