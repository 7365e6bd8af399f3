import { connect as connectTcp } from 'node:net'
import t from 'tap'
import { meterStore } from '../../../src/server/metered-store.js'
import { closed } from '../../helpers/closed.js'
import { until } from '../../helpers/until.js'
import { sharedStore, watchedStore } from '../stores.js'
import { boxesOf, serve } from './peers.js'

const RATE = { type: 'ERROR', payload: { msg: 'Too many messages. Wait a minute, then reconnect.' } }

t.test('a message that is too large ends its socket', async t => {
  const { join } = await serve(t, { maxMessageBytes: 1_000 })
  const anna = await join('anna')
  anna.send(JSON.stringify({ type: 'OFFER', dst: 'anna', payload: 'x'.repeat(1_000) }))
  t.equal(await anna.closed(), 1009)
  await join('ben')
})

t.test('so does one that becomes too large when it is relayed', async t => {
  const { store, calls } = watchedStore()
  const { join } = await serve(t, { store })
  const anna = await join('anna')
  anna.send(`{"type":"OFFER","dst":"anna","payload":[${Array(13_000).fill('1e20').join(',')}]}`)
  t.equal(await anna.closed(), 1009)
  t.same(calls.filter(([operation, , message]) => operation === 'append' && message.bytes > 1_000), [])
})

t.test('a client address has its limits', async t => {
  const { join, connect } = await serve(t, { rateLimit: { waiters: 2, stores: 5 } })
  const anna = await join('anna')
  const ben = await join('ben')
  const third = connect('carl')
  await third.gets({ type: 'ERROR', payload: { msg: 'Server has reached its concurrent user limit' } })
  await third.closed()
  for (let n = 0; n < 6; n++) anna.send({ type: 'OFFER', dst: 'ben', payload: n })
  for (let n = 0; n < 5; n++) t.match(await ben.next(), { payload: n })
  await anna.gets(RATE)
  t.equal(await anna.closed(), 1008)
})

t.test('what is not understood counts too', async t => {
  const { join } = await serve(t, { rateLimit: { stores: 5 } })
  const anna = await join('anna')
  for (let n = 0; n < 6; n++) anna.send('nonsense')
  await anna.gets(RATE)
})

t.test('connecting counts', async t => {
  const { join, connect } = await serve(t, { rateLimit: { reads: 2 } })
  await join('anna')
  await join('ben')
  const carl = connect('carl')
  await carl.closed()
  t.equal(carl.refused, 429)
})

t.test('a flood of heartbeats ends', async t => {
  const { join } = await serve(t)
  const anna = await join('anna')
  for (let n = 0; n < 3_001; n++) anna.send({ type: 'HEARTBEAT' })
  t.equal(await anna.closed(), 1008)
})

t.test('a silent socket is closed, one with a heartbeat is not', async t => {
  const { join } = await serve(t, { soon: { silence: 400 } })
  const alive = await join('alive')
  const beat = setInterval(() => { alive.send({ type: 'HEARTBEAT' }) }, 20)
  t.teardown(() => { clearInterval(beat) })
  // The last to come, so that the other would have been closed before.
  const silent = await join('silent')
  t.equal(await silent.closed(), 1001)
  t.equal(alive.code, undefined)
})

t.test('a box that is full takes no more, and the sender is told', async t => {
  const { join } = await serve(t, { maxMessages: 3, soon: { expire: 60_000 } })
  const anna = await join('anna')
  for (let n = 0; n < 4; n++) anna.send({ type: 'OFFER', dst: 'ben', payload: n })
  await anna.gets({ type: 'EXPIRE', src: 'ben', dst: 'anna' })
  const ben = await join('ben')
  for (let n = 0; n < 3; n++) t.match(await ben.next(), { payload: n })
})

t.test('a peer that does not read leaves its messages in its box', async t => {
  const { join } = await serve(t, { maxMessages: 400, maxBoxBytes: 40_000_000, soon: { expire: 60_000 } })
  const [anna, deaf] = [await join('anna'), await join('deaf')]
  deaf.socket.pause()
  const payload = 'x'.repeat(60_000)
  const told: object[] = []
  // The sockets of this machine take some megabytes; then the box is full, and no memory of the server's.
  for (let n = 0; n < 600; n++) {
    anna.send({ type: 'CANDIDATE', dst: 'deaf', payload })
    if (n % 20 === 0) {
      anna.send({ type: 'CANDIDATE', dst: 'anna', payload: n })
      for (let message = await anna.next(); message.payload !== n; message = await anna.next()) told.push(message)
    }
  }
  t.match(told[0], { type: 'EXPIRE', src: 'deaf', dst: 'anna' }, 'the box is full')
  deaf.socket.resume()
  t.match(await deaf.next(), { type: 'CANDIDATE', src: 'anna' })
})

t.test('a client that does not read what it is told is cut off', async t => {
  const warnings: Error[] = []
  const warned = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  const { join, url } = await serve(t, { maxMessages: 1, discovery: true, soon: { expire: 60_000 } })
  // Ids that take six times their length in JSON.
  const [id, dst] = ['\u0001'.repeat(256), '\u0002'.repeat(256)]
  const deaf = await join(id, 'x')
  deaf.socket.pause()
  for (let n = 0; n < 2_900; n++) deaf.send({ type: 'OFFER', dst })
  let left = [id]
  void (async () => { while (left.length > 0) left = await (await fetch(`${url}/peerjs/peers`)).json() })()
  await until(() => left.length === 0)
  deaf.socket.resume()
  t.equal(await deaf.closed(), 1006)
  t.same(warnings, [])
})

t.test('malformed messages change nothing', async t => {
  const { join } = await serve(t)
  const [anna, ben] = [await join('anna'), await join('ben')]
  const bad = [
    '', 'null', '[]', '"OFFER"', '{', '{}', '{"type":1}', '{"type":"OPEN"}', '{"type":"ERROR","dst":"ben"}', '{"type":"OFFER"}',
    '{"type":"OFFER","dst":""}', '{"type":"OFFER","dst":7}', '{"type":"__proto__","dst":"ben"}', `{"type":"OFFER","dst":"${'x'.repeat(257)}"}`,
    `{"type":"OFFER","dst":"ben","payload":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '{"reader":"ben"}', '{"type":"reader","dst":"ben"}'
  ]
  for (const text of bad) anna.send(text)
  anna.socket.send(Buffer.from([0xff, 0xfe, 0x00]))
  anna.send({ type: 'OFFER', dst: 'ben', payload: 'good' })
  let message = await ben.next()
  // A payload may be nested as deep as it can be written.
  if (message.payload !== 'good') message = await ben.next()
  t.match(message, { type: 'OFFER', src: 'anna', payload: 'good' })
  t.equal(anna.code, undefined)
})

t.test('a frame that never ends is closed like silence', async t => {
  const { port } = await serve(t, { soon: { silence: 300 } })
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /p/peerjs?key=peerjs&id=slow&token=t HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  // A text of 60,000 bytes, of which one comes at a time.
  socket.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]))
  const drip = setInterval(() => { socket.write('x') }, 20)
  t.teardown(() => { clearInterval(drip) })
  socket.resume()
  await closed(socket)
  t.pass('closed')
})

t.test('only the pages that cors allows may connect', async t => {
  const { connect, url } = await serve(t, { cors: ['https://ours.example'] })
  const ours = connect('anna', 'x', { headers: { origin: 'https://ours.example' } })
  await ours.gets({ type: 'OPEN' })
  const theirs = connect('ben', 'x', { headers: { origin: 'https://theirs.example' } })
  await theirs.closed()
  t.equal(theirs.refused, 403)
  t.equal((await fetch(`${url}/peerjs/id`, { headers: { origin: 'https://theirs.example' } })).status, 403)
})

t.test('sockets leave nothing behind', async t => {
  const store = sharedStore()
  let [most, waiting] = [0, 0]
  const metered = meterStore(store, { observe () {}, waiting (change) { most = Math.max(most, waiting += change) } })
  const { app, clock, join, url } = await serve(t, { store: metered, discovery: true })
  const ids = Array.from({ length: 20 }, (_, n) => `peer ${n}`)
  const boxes = boxesOf(t, store, clock)
  for (const id of ids) {
    const peer = await join(id)
    t.ok(await boxes.isTaken(id))
    await peer.leave()
  }
  let left = ['?']
  void (async () => { while (left.length > 0) left = await (await fetch(`${url}/peerjs/peers`)).json() })()
  await until(() => left.length === 0)
  await until(() => waiting === 0)
  t.ok(most > 0)
  // Ends what is still being released.
  await app.close()
  for (const id of ids) t.notOk(await boxes.isTaken(id), id)
})
