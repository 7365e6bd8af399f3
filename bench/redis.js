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

const number = (info, name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)[1])

/** Calls `use` with one index after the other, `IN_FLIGHT` at a time: calls a second as the client sees them, and what each takes of Redis's main thread. */
async function measure (admin, count, use) {
  const busy = async () => {
    const info = await admin.info('cpu')
    return number(info, 'used_cpu_user_main_thread') + number(info, 'used_cpu_sys_main_thread')
  }
  const [busyBefore, begun] = [await busy(), performance.now()]
  let turn = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => { while (turn < count) await use(turn++) }))
  const seconds = (performance.now() - begun) / 1000
  return `${Math.round(count / seconds)} /s, ${((await busy() - busyBefore) / count * 1e6).toFixed(1)} µs of Redis`
}

async function memory (admin, count, work) {
  const before = number(await admin.info('memory'), 'used_memory')
  await work()
  return `${Math.round((number(await admin.info('memory'), 'used_memory') - before) / count)} bytes`
}

export async function run () {
  await withRedis('everysec', async url => {
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
    report('redis: an Idempotency-Key it remembers', await memory(admin, BOXES, async () => {
      rates['append, with a key'] = await each(drop => store.append(drop, { ...text, key: newKey() }, now, limits))
      rates['drain of one'] = await each(drain)
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
    rates['subscribe and unsubscribe'] = await each(async drop => { (await store.subscribe(drop, () => {}))() })
    rates.delete = await each(drop => store.delete(drop, now))
    for (const [what, rate] of Object.entries(rates)) report(`redis: ${what}, ${IN_FLIGHT} in flight`, rate)
    await admin.quit()
    await store.close()
  })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run()
