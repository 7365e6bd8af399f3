import { connect as connectTcp } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import WebSocket from 'ws'
import { RateError } from '../../../src/errors.js'
import { unlimited } from '../../../src/http/rate-limit.js'
import { closed } from '../../helpers/closed.js'
import { until } from '../../helpers/until.js'
import { RawSocket } from '../raw-socket.js'
import { sharedStore, watchedStore } from '../stores.js'
import { hears, isSubscribed, publication, serve } from './clients.js'

t.test('a message that is too large ends its socket, and no other', async t => {
  const { join } = await serve(t, { maxMessageBytes: 1_000 })
  const [anna, ben] = [await join('notes'), await join('notes')]
  anna.send(publication('notes', 'x'.repeat(1_000)))
  t.equal(await anna.closed(), 1009)
  await isSubscribed(ben, 'notes')
})

t.test('a binary message is a text like any other, and what it becomes as a text is what counts', async t => {
  const { join } = await serve(t, { maxMessageBytes: 1_000 })
  const [anna, ben] = [await join('notes'), await join('notes')]
  const binary = (data: Buffer): Buffer => Buffer.concat([Buffer.from('{"type":"publish","topic":"notes","data":"'), data, Buffer.from('"}')])
  anna.socket.send(binary(Buffer.from('✓')), { binary: true })
  t.same(await hears(ben, 1), ['✓'])
  // Each of these becomes a character of three bytes.
  anna.socket.send(binary(Buffer.alloc(400, 0xff)), { binary: true })
  t.equal(await anna.closed(), 1009)
  await isSubscribed(ben, 'notes')
})

t.test('an address that has as many sockets as it may have is refused before it is connected', async t => {
  const { connect, join } = await serve(t, { rateLimit: { waiters: 2 } })
  const [anna] = [await join('notes'), await join('notes')]
  const third = connect()
  await third.closed()
  t.equal(third.refused, 429, 'so that its client waits before it tries again')
  await anna.leave()
  let carl = connect()
  // The server hears of it in its own time.
  while (await Promise.race([carl.closed().then(() => true), isSubscribedLater(carl)])) carl = connect()
  t.equal(carl.refused, undefined)
})

async function isSubscribedLater (client: ReturnType<Awaited<ReturnType<typeof serve>>['connect']>): Promise<false> {
  client.socket.on('open', () => { client.send({ type: 'subscribe', topics: ['notes'] }) })
  await isSubscribed(client, 'notes').catch(() => new Promise(() => {}))
  return false
}

t.test('connecting counts', async t => {
  const { connect, join } = await serve(t, { rateLimit: { reads: 2 } })
  for (let n = 0; n < 2; n++) await join('notes')
  const third = connect()
  await third.closed()
  t.equal(third.refused, 429)
})

t.test('a client that publishes too much waits, and nothing of it is lost', async t => {
  let left = 10
  const count = async (): Promise<void> => { if (left-- <= 0) throw new RateError() }
  const { join } = await serve(t, { limiter: { ...unlimited, count } })
  // Connecting, and joining a new topic, take four of them.
  const anna = await join('notes')
  for (let n = 0; n < 40; n++) anna.send(publication('notes', n))
  const heard = await hears(anna, 6)
  await until(() => left < 0)
  t.equal(anna.received.length, 0)
  left = Infinity
  t.same([...heard, ...await hears(anna, 34)], Array.from({ length: 40 }, (_, n) => n))
})

t.test('a client that is not read while it waits is not taken for silent', async t => {
  let left = 10
  const count = async (): Promise<void> => { if (left-- <= 0) throw new RateError() }
  const { join } = await serve(t, { silence: 400, limiter: { ...unlimited, count } })
  const anna = await join('notes')
  for (let n = 0; n < 40; n++) anna.send(publication('notes', n))
  // Counting is tried again each second, so that it has been silent for long enough twice.
  await until(() => left < -2)
  left = Infinity
  t.same(await hears(anna, 40), Array.from({ length: 40 }, (_, n) => n))
})

t.test('a client that subscribes to too many new topics waits, and those it has go on', async t => {
  let left = 3
  const count: typeof unlimited.count = async kind => { if (kind === 'creates' && left-- <= 0) throw new RateError() }
  const { join } = await serve(t, { limiter: { ...unlimited, count } })
  const [anna, ben] = [await join('a', 'b', 'c'), await join('a')]
  anna.send({ type: 'subscribe', topics: ['d'] })
  anna.send(publication('d', 'first'))
  await until(() => left < 0)
  anna.send({ type: 'ping' })
  t.same(await anna.next(), { ...publication('a', 'mine'), clients: 2 }, 'of ben')
  await anna.gets({ type: 'pong' })
  ben.send(publication('a', 1))
  t.same(await hears(anna, 1), [1])
  left = Infinity
  t.same(await hears(anna, 1), ['first'])
})

t.test('topics that must wait hold up no others, and nothing that is published to them is lost', async t => {
  let left = 3
  const count: typeof unlimited.count = async kind => { if (kind === 'creates' && left-- <= 0) throw new RateError() }
  const { connect, join } = await serve(t, { limiter: { ...unlimited, count } })
  const anna = connect()
  const names = Array.from({ length: 40 }, (_, n) => `topic ${n}`)
  anna.socket.on('open', () => {
    anna.send({ type: 'subscribe', topics: names })
    for (const name of names) anna.send(publication(name, `1 in ${name}`))
    anna.send({ type: 'unsubscribe', topics: ['topic 38', 'topic 39'] })
    anna.send({ type: 'subscribe', topics: ['topic 38'] })
    for (const name of names) anna.send(publication(name, `2 in ${name}`))
  })
  const expected = (names: string[]): Set<string> => new Set(names.flatMap(name => [`1 in ${name}`, `2 in ${name}`]))
  t.same(new Set(await hears(anna, 6)), expected(names.slice(0, 3)))
  const ben = await join('topic 1')
  t.match(await anna.next(), { topic: 'topic 1', data: 'mine', clients: 2 })
  left = Infinity
  const rest = await hears(anna, 72)
  const late = names.slice(3, 39)
  t.same(new Set(rest), expected(late), 'but for the topic that it has left')
  t.ok(late.every(name => rest.indexOf(`1 in ${name}`) < rest.indexOf(`2 in ${name}`)), 'in order')
  t.same(ben.received, [])
})

t.test('further topics than a socket may have are ignored', async t => {
  const { store, calls } = watchedStore()
  const { connect } = await serve(t, { store })
  const anna = connect()
  anna.socket.on('open', () => {
    anna.send({ type: 'subscribe', topics: Array.from({ length: 300 }, (_, n) => `topic ${n}`) })
    anna.send(publication('topic 255', 'the last'))
    anna.send(publication('topic 256', 'one more'))
    anna.send(publication('topic 0', 'the first'))
  })
  t.same(await hears(anna, 2), ['the last', 'the first'])
  t.equal(calls.filter(([operation]) => operation === 'open').length, 256)
})

t.test('a flood of pings ends', async t => {
  const { connect } = await serve(t)
  const anna = connect()
  await once(anna.socket, 'open')
  for (let n = 0; n < 3_001; n++) anna.send({ type: 'ping' })
  t.equal(await anna.closed(), 1008)
})

t.test('a silent socket is closed, and one that answers pings is not', async t => {
  const { join, url } = await serve(t, { silence: 2_000 })
  const alive = await join('notes')
  const silent = new RawSocket(t, new WebSocket(url.replace('http', 'ws'), { autoPong: false }))
  t.equal(await silent.closed(), 1001)
  await isSubscribed(alive, 'notes')
})

t.test('a subscriber that does not read is cut off, and the others go on', async t => {
  const { join } = await serve(t, { maxMessages: 400, maxBoxBytes: 40_000_000 })
  const [anna, deaf] = [await join('notes'), await join('notes')]
  deaf.socket.pause()
  const data = 'x'.repeat(60_000)
  // The sockets of this machine take some megabytes; then what is left would be in the memory of the server.
  let clients = 2
  while (clients === 2) {
    anna.send(publication('notes', data))
    do {
      ({ clients } = await anna.next())
    } while (anna.received.length > 0)
  }
  t.equal(clients, 1)
  deaf.socket.resume()
  t.equal(await deaf.closed(), 1006)
})

t.test('malformed messages change nothing', async t => {
  const { join } = await serve(t)
  const anna = await join('notes')
  const bad = [
    '', 'null', '[]', '"publish"', '{', '{}', '{"type":1}', '{"type":"pong"}', '{"type":"publish"}', '{"type":"publish","topic":7}', '{"type":"publish","topic":""}',
    '{"type":"subscribe"}', '{"type":"subscribe","topics":"notes"}', '{"type":"subscribe","topics":{"length":1,"0":"x"}}', '{"type":"subscribe","topics":[null,7,"",["x"]]}',
    `{"type":"subscribe","topics":["${'x'.repeat(1_025)}"]}`, '{"type":"unsubscribe","topics":null}', '{"type":"__proto__","topics":["x"]}',
    `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  ]
  for (const text of bad) anna.send(text)
  anna.socket.send(Buffer.from([0xff, 0xfe, 0x00]))
  anna.send(publication('notes', 'good'))
  t.same(await hears(anna, 1), ['good'])
  t.equal(anna.code, undefined)
})

t.test('names that mean something in JavaScript are topics like any other', async t => {
  const { join } = await serve(t)
  for (const name of ['__proto__', 'constructor', 'toString', '\0', '✓'.repeat(1_024)]) await (await join(name)).leave()
})

t.test('a frame that never ends is closed like silence', async t => {
  const { port } = await serve(t, { silence: 300 })
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /y HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  // A text of 60,000 bytes, of which one comes at a time.
  socket.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]))
  const drip = setInterval(() => { socket.write('x') }, 20)
  t.teardown(() => { clearInterval(drip) })
  socket.resume()
  await closed(socket)
  t.pass('closed')
})

t.test('only the pages that cors allows may connect', async t => {
  const { connect } = await serve(t, { cors: ['https://ours.example'] })
  const ours = connect({ origin: 'https://ours.example' })
  ours.socket.on('open', () => { ours.send({ type: 'ping' }) })
  await ours.gets({ type: 'pong' })
  const theirs = connect({ origin: 'https://theirs.example' })
  await theirs.closed()
  t.equal(theirs.refused, 403)
})

t.test('sockets leave nothing behind', async t => {
  const { store, calls } = watchedStore(sharedStore())
  let subscriptions = 0
  const counted = new Proxy(store, {
    get: (_target, name: keyof typeof store) => name !== 'subscribe'
      ? store[name]
      : async (drop: string, listener: () => void) => {
        const unsubscribe = await store.subscribe(drop, listener)
        subscriptions++
        return () => {
          subscriptions--
          unsubscribe()
        }
      }
  })
  const { app, join } = await serve(t, { store: counted })
  for (let n = 0; n < 20; n++) await (await join('notes', `topic ${n}`)).leave()
  await until(() => subscriptions === 0)
  const stored = calls.length
  await app.close()
  t.same(calls.slice(stored).filter(([operation]) => operation !== 'close'), [])
})
