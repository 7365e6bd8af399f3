/** The deployment with several servers: run by several.test.ts, with `alone` by network.sh. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { code, inCall } from '../helpers/call-page.js'
import { launch } from '../helpers/chromium.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { relayOnly } from './relay-only.js'
import { Site } from './site.js'

const BOXES = 12
const MESSAGES = 40

/** Stores numbered messages one after the other, each again under the same key until it is accepted. @returns how often it was not */
async function send (site: Site, drop: string, progress: { stored: number }): Promise<number> {
  let failures = 0
  for (let number = 1; number <= MESSAGES; number++) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': `${drop}-${number}` }
    for (;;) {
      const { status } = await site.ask(`/boxes/${drop}/messages`, { method: 'POST', headers, body: String(number) }).catch(() => ({ status: 0 }))
      if (status === 200) break
      failures++
      await sleep(20)
    }
    progress.stored++
    // Slowly enough to be sent while everything happens, and to stay below the rate limit.
    await sleep(250)
  }
  return failures
}

/** Reads a stream until it has brought every message, and goes on where it ended. @returns what came */
async function receive (site: Site, box: string): Promise<number[]> {
  const received: number[] = []
  for (let last = '0', text = ''; received.length < MESSAGES; text = '') {
    try {
      const stream = await site.open(`/boxes/${box}/messages`, { headers: { accept: 'text/event-stream', 'last-event-id': last } })
      if (stream.statusCode !== 200) throw new Error(String(stream.statusCode))
      for await (const chunk of stream.setEncoding('utf8')) {
        text += chunk
        const events = text.split('\n\n')
        text = events.pop()!
        for (const event of events) {
          const [, data] = /^data: (\d+)$/m.exec(event) ?? []
          if (data === undefined) continue
          received.push(Number(data))
          last = /^id: (.+)$/m.exec(event)![1]!
        }
        if (received.length >= MESSAGES) stream.destroy()
      }
    } catch {
      await sleep(20)
    }
  }
  return received
}

/** Until the server is back, and gets requests. */
async function serves (server: Site['servers'][0]): Promise<void> {
  const before = server.port.passed.length
  await until(async () => await server.isReady(), patience)
  await until(async () => server.port.passed.slice(before).includes('POST'), patience)
}

t.test('the deployment with several servers', async t => {
  const site = await Site.start(t, process.argv.includes('alone'), 'compose.several.yaml')
  const [first, second] = site.servers as [Site['servers'][0], Site['servers'][0]]
  const { domain, ports, own } = site.place

  await t.test('requests are divided between the servers, which have the same boxes', async t => {
    const { data: box } = await site.createBox()
    const before = site.servers.map(({ port }) => port.passed.length)
    await until(async () => {
      t.equal((await site.ask(`/boxes/${box}/messages`)).status, 200)
      return site.servers.every(({ port }, index) => port.passed.slice(before[index]).includes(box))
    }, patience)
  })

  await t.test('two people call each other through the relay', async t => {
    const browser = await launch(t, ['--ignore-certificate-errors'])
    const { host, guest } = await inCall(t, browser, own ? `https://${domain}/` : `https://${domain}:${ports.https}/`, {}, relayOnly)
    t.match(await code(host), /\d{3}.?\d{3}/)
    t.equal(await code(host), await code(guest))
  })

  await t.test('one server crashes and the other is updated, and each message arrives once and in order', async t => {
    const boxes = await Promise.all(Array.from({ length: BOXES }, () => site.createBox()))
    const progress = { stored: 0 }
    const reads = boxes.map(({ data }) => receive(site, data))
    const sends = boxes.map(({ drop }) => send(site, drop, progress))
    await until(async () => progress.stored > BOXES * MESSAGES / 4, patience)
    first.crash()
    await serves(first)
    t.equal(await second.stop(), 0)
    t.ok(progress.stored < BOXES * MESSAGES, 'both happened while messages were sent')
    await second.start()
    const failures = (await Promise.all(sends)).reduce((sum, count) => sum + count)
    t.comment(`${failures} of ${BOXES * MESSAGES + failures} requests were refused`)
    const all = Array.from({ length: MESSAGES }, (_, index) => index + 1)
    for (const received of await Promise.all(reads)) t.same(received, all)
  })

  await t.test('a server that hangs gets no further requests', async t => {
    first.hang()
    t.teardown(() => { first.crash() })
    let served = 0
    await until(async () => {
      served = (await site.ask('/health/live', { signal: AbortSignal.timeout(1_000) }).catch(() => ({ status: 0 }))).status === 200 ? served + 1 : 0
      return served === 30
    }, patience)
    t.equal(served, 30)
  })
})
