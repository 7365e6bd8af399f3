import t, { type Test } from 'tap'
import { Box } from '../../src/client/index.js'
import { bufferingProxy, tcpProxy, type TcpProxy } from '../helpers/tcp-proxy.js'
import { openQuick, serve } from './serve.js'

const messages = [{ n: 1 }, ['ü', '😀'], 'three']

/**
 * Does the work once for every byte that the server sends on the first connection:
 * cut before the first byte, after the first, and so on until nothing was cut.
 */
async function atEveryByte (t: Test, url: string, work: (proxy: TcpProxy, at: number) => Promise<void>) {
  for (let at = 0; ; at++) {
    const proxy = await tcpProxy(t, url, connection => connection === 0 ? { cutAfter: at } : {})
    await work(proxy, at)
    await proxy.close()
    if (proxy.cuts() > 0) continue
    t.ok(at > 100, `cut at ${at} bytes`)
    return
  }
}

t.test('a stream cut at every byte gives each message once', async t => {
  const url = await serve(t)
  await atEveryByte(t, url, async (proxy, at) => {
    const owner = await Box.create(url)
    for (const message of messages.slice(0, 2)) await owner.send(message)
    const box = openQuick(t, owner.link, { server: proxy.url })
    const taken: unknown[] = []
    for await (const message of box) {
      taken.push(message)
      // The third comes while the stream is open, as an event of its own.
      if (taken.length === 2) await owner.send(messages[2])
      if (taken.length === 3) break
    }
    t.strictSame(taken, messages, `cut after ${at} bytes`)
    t.strictSame(await owner.read(), { messages: [], next: 0 })
    box.close()
  })
})

t.test('a read cut at every byte loses nothing', async t => {
  const url = await serve(t)
  const owner = await Box.create(url)
  for (const message of messages) await owner.send(message)
  await atEveryByte(t, url, async (proxy, at) => {
    const box = openQuick(t, owner.link, { server: proxy.url })
    const page = await box.read()
    t.strictSame(page.messages.map(({ data }) => data), messages, `cut after ${at} bytes`)
    box.close()
  })
})

t.test('a long-poll cut at every byte gives each message once', async t => {
  const url = await serve(t)
  const noStream: typeof fetch = async input => (input as Request).headers.get('Accept') === 'text/event-stream'
    ? new Response(null, { status: 406 })
    : await fetch(input)
  await atEveryByte(t, url, async (proxy, at) => {
    const owner = await Box.create(url)
    const box = openQuick(t, owner.link, { server: proxy.url, fetch: noStream })
    const taking = take(box, 3)
    for (const message of messages) await owner.send(message)
    t.strictSame(await taking, messages, `cut after ${at} bytes`)
    t.strictSame(await owner.read(), { messages: [], next: 0 })
    box.close()
  })
})

t.test('a send whose answer is cut at every byte stores once', async t => {
  const url = await serve(t, { maxMessages: 10_000 })
  const owner = await Box.create(url)
  let sent = 0
  await atEveryByte(t, url, async (proxy, at) => {
    const box = openQuick(t, owner.link, { server: proxy.url })
    t.strictSame(await box.send(at), { seq: ++sent, count: sent }, `cut after ${at} bytes`)
    box.close()
  })
  const page = await owner.read({ limit: 1000 })
  t.strictSame(page.messages.map(({ data }) => data), Array.from({ length: sent }, (_, at) => at))
})

t.test('1,000 cut connections lose nothing, double nothing and keep the order', { timeout: 60_000 }, async t => {
  const url = await serve(t)
  const sender = await Box.create(url)
  // Every connection ends somewhere between its first byte and a few events, acknowledgements too.
  const proxy = await tcpProxy(t, url, () => ({ cutAfter: 1 + Math.floor(Math.random() * 1500) }))
  const box = openQuick(t, sender.link, { server: proxy.url, timing: { firstDelay: 0.1, lastDelay: 2 } })
  let sent = 0
  let taken = 0
  const sending = (async () => {
    while (proxy.cuts() < 1000) {
      // At most 50 are under way, so that the box is never full.
      if (sent - taken < 50) await sender.send(++sent)
      else await new Promise(resolve => setTimeout(resolve, 1))
    }
    await sender.send('end')
  })()
  for await (const { seq, data } of box.messages()) {
    if (data === 'end') break
    taken++
    if (data !== taken || seq !== taken) return t.fail(`message ${taken} was ${data}, number ${seq}`)
  }
  await sending
  t.equal(taken, sent)
  t.ok(proxy.cuts() >= 1000, `${proxy.cuts()} cuts, ${sent} messages`)
  t.strictSame(await sender.read(), { messages: [], next: 0 })
})

t.test('connections cut all the time do not double what is sent', { timeout: 60_000 }, async t => {
  const url = await serve(t)
  const owner = await Box.create(url)
  const proxy = await tcpProxy(t, url, () => ({ cutAfter: Math.floor(Math.random() * 900) }))
  const box = openQuick(t, owner.link, { server: proxy.url, timing: { tries: 1000 } })
  const sending = Promise.all(Array.from({ length: 200 }, (_, n) => box.send(n)))
  const expected = Array.from({ length: 200 }, (_, n) => n)
  t.strictSame(await take(owner, 200), expected)
  t.strictSame((await sending).map(({ seq }) => seq), expected.map(n => n + 1))
  t.ok(proxy.cuts() > 50, `${proxy.cuts()} cuts`)
})

t.test('a proxy that holds the stream back is passed by long-poll', async t => {
  const url = await serve(t)
  const owner = await Box.create(url)
  const box = openQuick(t, owner.link, { server: await bufferingProxy(t, url), timing: { opening: 100 } })
  const taking = take(box, 3)
  for (const message of messages) await owner.send(message)
  t.strictSame(await taking, messages)
  t.strictSame(await owner.read(), { messages: [], next: 0 })
})

t.test('a slow way is no broken way', async t => {
  const url = await serve(t)
  const owner = await Box.create(url)
  const proxy = await tcpProxy(t, url, () => ({ delay: 30 }))
  const box = openQuick(t, owner.link, { server: proxy.url })
  const taking = take(box, 3)
  for (const message of messages) await owner.send(message)
  t.strictSame(await taking, messages)
})

/** Takes the next `count` messages in a loop over the box. */
async function take (box: Box, count: number): Promise<unknown[]> {
  const taken: unknown[] = []
  for await (const message of box) {
    taken.push(message)
    if (taken.length === count) break
  }
  return taken
}
