/** The deployment with several servers: run by several.test.ts, with `alone` by network.sh. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { code, inCall } from '../helpers/call-page.js'
import { launch } from '../helpers/chromium.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { relayOnly } from './relay-only.js'
import { Site } from './site.js'

const BOXES = 8
/** Between two messages for a box, in ms: all boxes together stay below the rate limit, however long this takes. */
const PACE = 1_000
/** How many more messages each box gets when everything is over. */
const CALM = 5

/** What is sent to the boxes, and what was refused of it. */
class Sending {
  /** how many messages each box has */
  stored = 0
  /** the status of each request that was refused; 0 if its connection broke */
  readonly refusals: number[] = []
  /** the last message of all */
  last = Infinity
  readonly #site: Site

  constructor (site: Site) {
    this.#site = site
  }

  /** Stores numbered messages one after the other, each again under the same key until it is accepted. */
  async toBox (drop: string): Promise<void> {
    for (let number = 1; number <= this.last; number++) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': `${drop}-${number}` }
      for (;;) {
        const { status = 0 } = await this.#site.ask(`/boxes/${drop}/messages`, { method: 'POST', headers, body: String(number) }).catch(() => ({ status: 0 }))
        if (status === 200) break
        this.refusals.push(status)
        await sleep(PACE / 10)
      }
      this.stored = Math.max(this.stored, number)
      await sleep(PACE)
    }
  }
}

/** Reads a stream, and goes on where it ended, until the end. @returns what came */
function receive (site: Site, box: string, signal: AbortSignal): number[] {
  const received: number[] = []
  void (async () => {
    for (let last = '0'; !signal.aborted;) {
      try {
        const stream = await site.open(`/boxes/${box}/messages`, { headers: { accept: 'text/event-stream', 'last-event-id': last }, signal })
        if (stream.statusCode !== 200) throw new Error(String(stream.statusCode))
        let text = ''
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
        }
      } catch {
        await sleep(20)
      }
    }
  })()
  return received
}

/** Until the server is back, and gets requests. */
async function serves (server: Site['servers'][0]): Promise<void> {
  await until(async () => await server.isReady(), patience)
  const before = server.port.passed.length
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
    const over = new AbortController()
    t.teardown(() => { over.abort() })
    const boxes = await Promise.all(Array.from({ length: BOXES }, () => site.createBox()))
    const sending = new Sending(site)
    const received = boxes.map(({ data }) => receive(site, data, over.signal))
    const sends = boxes.map(({ drop }) => sending.toBox(drop))
    await until(async () => sending.stored > 2, patience)
    first.crash()
    await serves(first)
    t.equal(await second.stop(), 0)
    await second.start()
    await serves(second)
    t.same(sending.refusals.filter(status => ![0, 502, 503].includes(status)), [], 'nothing else is refused')
    // What was refused before that is known by then.
    await sleep(PACE)
    const { length: refused } = sending.refusals
    t.comment(`${refused} requests were refused`)
    sending.last = sending.stored + CALM
    await Promise.all(sends)
    t.equal(sending.refusals.length, refused, 'nor is anything, once both serve again')
    const all = Array.from({ length: sending.last }, (_, index) => index + 1)
    for (const numbers of received) {
      await until(async () => numbers.length >= all.length, patience)
      t.same(numbers, all)
    }
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
