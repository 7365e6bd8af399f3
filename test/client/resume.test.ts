import t, { type Test } from 'tap'
import { Box, type BoxOptions } from '../../clients/typescript/src/index.js'
import { bufferingProxy, tcpProxy } from '../helpers/tcp-proxy.js'
import { openQuick, serve, takeAll } from './serve.js'

const messages = [{ n: 1 }, ['ü', '😀'], 'three']

/**
 * Does the work once for every byte that the server sends on the first connection: cut
 * before its first byte, after it, after the next, until a connection was not cut at all.
 * @param work gives what it took from the box, which should be `expected` each time
 */
async function atEveryByte (t: Test, url: string, link: string, expected: unknown, work: (box: Box) => Promise<unknown>, { step = 1, ...options }: BoxOptions & { step?: number } = {}) {
  for (let at = 0; ; at += step) {
    const proxy = await tcpProxy(t, url, connection => connection === 0 ? { cutAfter: at } : {})
    const box = openQuick(t, link, { ...options, server: proxy.url })
    const taken = await work(box)
    box.close()
    await proxy.close()
    if (JSON.stringify(taken) !== JSON.stringify(expected)) return t.strictSame(taken, expected, `cut after ${at} bytes`)
    if (proxy.cuts() === 0) return t.ok(at > 100, `the same wherever ${at} bytes are cut`)
  }
}

t.test('a stream cut at every byte delivers each message once', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  await atEveryByte(t, url, owner.link, messages, async box => {
    for (const message of messages.slice(0, 2)) await owner.send(message)
    const taken: unknown[] = []
    for await (const { seq, data } of box.messages()) {
      taken.push(data)
      // The third comes while the stream is open, as an event of its own.
      if (taken.length === 2) await owner.send(messages[2])
      if (taken.length < 3) continue
      await box.acknowledge(seq)
      break
    }
    return taken
  })
  t.strictSame(await owner.read(), { messages: [], next: 0 }, 'and each one was acknowledged')
})

t.test('a read cut at every byte loses nothing', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  for (const message of messages) await owner.send(message)
  const expected = await owner.read()
  t.strictSame(expected.messages.map(({ data }) => data), messages)
  await atEveryByte(t, url, owner.link, expected, box => box.read())
})

t.test('a long-poll cut anywhere delivers each message once', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  await atEveryByte(t, url, owner.link, messages, async box => {
    for (const message of messages) await owner.send(message)
    return await takeAll(box, 3)
  }, { fetch: withoutStream, step: 7 })
  t.strictSame(await owner.read(), { messages: [], next: 0 }, 'and each one was acknowledged')
})

t.test('a send whose response is cut at every byte stores once', async t => {
  const { url, local } = await serve(t, { maxMessages: 10_000 })
  const owner = await Box.create(url, { fetch: local })
  let sent = 0
  await atEveryByte(t, url, owner.link, true, async box => {
    const { seq, count } = await box.send('once')
    sent++
    return seq === sent && count === sent
  })
  t.equal((await owner.read({ limit: 1000 })).messages.length, sent)
})

t.test('1,000 cut connections lose nothing, duplicate nothing and keep the order', async t => {
  const { url, local } = await serve(t)
  const sender = await Box.create(url, { fetch: local })
  // Every connection ends somewhere between its first byte and a few events, acknowledgements too.
  const proxy = await tcpProxy(t, url, () => ({ cutAfter: 1 + Math.floor(Math.random() * 1500) }))
  const box = openQuick(t, sender.link, { server: proxy.url, timings: { minDelay: 0.1, maxDelay: 2 } })
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
    if (data === 'end') {
      await box.acknowledge(seq)
      break
    }
    taken++
    if (data !== taken || seq !== taken) return t.fail(`message ${taken} was ${data}, number ${seq}`)
  }
  await sending
  t.equal(taken, sent, `${proxy.cuts()} cuts, ${sent} messages`)
  t.strictSame(await sender.read(), { messages: [], next: 0 })
})

t.test('constantly cut connections do not duplicate what is sent', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  const proxy = await tcpProxy(t, url, () => ({ cutAfter: Math.floor(Math.random() * 900) }))
  const box = openQuick(t, owner.link, { server: proxy.url, timings: { maxAttempts: 1000 } })
  const numbers = Array.from({ length: 200 }, (_, n) => n + 1)
  const acks = await Promise.all(numbers.map(n => box.send(n)))
  t.strictSame(acks.map(({ seq }) => seq), numbers)
  t.strictSame((await owner.read({ limit: 1000 })).messages.map(({ data }) => data), numbers)
  t.ok(proxy.cuts() > 50, `${proxy.cuts()} cuts`)
})

t.test('behind a proxy that buffers the stream, long-polls take over', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  const box = openQuick(t, owner.link, { server: await bufferingProxy(t, url), timings: { streamOpenTimeout: 100 } })
  const taking = takeAll(box, 3)
  for (const message of messages) await owner.send(message)
  t.strictSame(await taking, messages)
  t.strictSame(await owner.read(), { messages: [], next: 0 })
})

t.test('a slow connection is not mistaken for a broken one', async t => {
  const { url, local } = await serve(t)
  const owner = await Box.create(url, { fetch: local })
  const proxy = await tcpProxy(t, url, () => ({ delay: 30 }))
  const box = openQuick(t, owner.link, { server: proxy.url })
  const taking = takeAll(box, 3)
  for (const message of messages) await owner.send(message)
  t.strictSame(await taking, messages)
})

async function withoutStream (input: RequestInfo | URL): Promise<Response> {
  const request = input as Request
  return request.headers.get('Accept') === 'text/event-stream' ? new Response(null, { status: 406 }) : await fetch(request)
}
