import t from 'tap'
import { CAPABILITY } from '../../../src/box/capability.js'
import { watchedStore } from '../stores.js'
import { isEmpty, serve } from './peers.js'

const offer = (dst: string, payload: unknown = { sdp: 'v=0' }) => ({ type: 'OFFER', dst, payload })

t.test('an id for those who have none', async t => {
  const { url } = await serve(t)
  const [first, second] = await Promise.all([1, 2].map(async n => await fetch(`${url}/peerjs/id?ts=${n}`)))
  const ids = [await first!.text(), await second!.text()]
  t.match(ids[0], /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.not(ids[0], ids[1])
  t.equal(first!.headers.get('access-control-allow-origin'), '*')
  t.equal(first!.headers.get('cache-control'), 'no-store')
})

t.test('peers are listed only where that is allowed', async t => {
  const closed = await serve(t)
  await closed.join('anna')
  t.equal((await fetch(`${closed.url}/peerjs/peers`)).status, 401)

  const open = await serve(t, { discovery: true, key: 'ours' })
  const anna = open.connect('anna', 'x', { key: 'ours' })
  await anna.gets({ type: 'OPEN' })
  t.same(await (await fetch(`${open.url}/ours/peers`)).json(), ['anna'])
  t.equal((await fetch(`${open.url}/peerjs/peers`)).status, 401, 'another key')
})

t.test('messages go both ways, in order, from the peer that sent them', async t => {
  const { join } = await serve(t)
  const [anna, ben] = [await join('anna'), await join('ben')]
  anna.send({ ...offer('ben'), src: 'somebody else', extra: true })
  for (let n = 0; n < 40; n++) anna.send({ type: 'CANDIDATE', dst: 'ben', payload: { n } })
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: { sdp: 'v=0' } })
  for (let n = 0; n < 40; n++) await ben.gets({ type: 'CANDIDATE', src: 'anna', dst: 'ben', payload: { n } })
  ben.send({ type: 'ANSWER', dst: 'anna', payload: '✓' })
  await anna.gets({ type: 'ANSWER', src: 'ben', dst: 'anna', payload: '✓' })
  ben.send({ type: 'LEAVE', dst: 'anna' })
  await anna.gets({ type: 'LEAVE', src: 'ben', dst: 'anna' })
})

t.test('a client may send before it is open', async t => {
  const { connect, join } = await serve(t)
  const ben = await join('ben')
  const anna = connect('anna')
  anna.socket.on('open', () => {
    anna.send(offer('ben', 1))
    anna.socket.close()
  })
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: 1 })
})

t.test('what the official server refuses is refused in its words', async t => {
  const { connect } = await serve(t)
  const wrongKey = connect('anna', 'x', { key: 'other' })
  await wrongKey.gets({ type: 'ERROR', payload: { msg: 'Invalid key provided' } })
  await wrongKey.closed()
  for (const [id, token] of [['', 'x'], ['x', ''], ['x'.repeat(257), 'x'], ['x', 'x'.repeat(257)]] as const) {
    const nameless = connect(id, token)
    await nameless.gets({ type: 'ERROR', payload: { msg: 'No id, token, or key supplied to websocket server' } })
    await nameless.closed()
  }
})

t.test('an id belongs to the token that came first, until its socket is closed', async t => {
  const { connect, join } = await serve(t)
  const anna = await join('anna')
  const thief = connect('anna', 'other')
  await thief.gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })
  await thief.closed()
  anna.send(offer('anna', 'to herself'))
  await anna.gets({ type: 'OFFER', src: 'anna', dst: 'anna', payload: 'to herself' })
  await anna.leave()
  // The server hears of it in its own time.
  for (let peer = connect('anna', 'other'); (await peer.next()).type !== 'OPEN'; peer = connect('anna', 'other')) await peer.closed()
})

t.test('the same token again replaces the socket', async t => {
  const { connect, join } = await serve(t)
  const [old, ben] = [await join('anna'), await join('ben')]
  const renewed = await join('anna')
  await old.closed()
  ben.send(offer('anna'))
  t.match(await renewed.next(), { type: 'OFFER', src: 'ben' })
  const thief = connect('anna', 'other')
  t.match(await thief.next(), { type: 'ID-TAKEN' }, 'the closed one has not given up the id')
  t.same(old.received, [])
})

t.test('a message waits for its peer', async t => {
  const { join } = await serve(t, { soon: { expire: 60_000 } })
  const anna = await join('anna')
  anna.send(offer('ben', 1))
  anna.send({ type: 'CANDIDATE', dst: 'ben', payload: 2 })
  // Handled in order, so that when this has come, they are stored.
  anna.send(offer('anna', 'last'))
  await anna.next()
  const ben = await join('ben')
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: 1 })
  await ben.gets({ type: 'CANDIDATE', src: 'anna', dst: 'ben', payload: 2 })
})

t.test('it expires, its sender is told once, and it is gone', async t => {
  const { store, calls } = watchedStore()
  const { join, clock } = await serve(t, { store, soon: { expire: 50 } })
  const anna = await join('anna')
  for (let n = 0; n < 5; n++) anna.send(offer('ben', n))
  await anna.gets({ type: 'EXPIRE', src: 'ben', dst: 'anna' })
  const [, drop] = calls.find(([operation, , message]) => operation === 'append' && message.text.includes('"dst":"ben"'))!
  await isEmpty(store, drop, clock)
  anna.send(offer('anna', 'next'))
  t.match(await anna.next(), { payload: 'next' }, 'nothing else was told')
})

t.test('news for those who are not there are not kept', async t => {
  const { join } = await serve(t)
  const anna = await join('anna')
  anna.send({ type: 'LEAVE', dst: 'ben' })
  anna.send({ type: 'EXPIRE', dst: 'ben' })
  anna.send(offer('ben', 'kept'))
  const ben = await join('ben')
  t.match(await ben.next(), { type: 'OFFER', payload: 'kept' })
})

t.test('LEAVE to nobody gives up the id', async t => {
  const { join } = await serve(t)
  const anna = await join('anna')
  anna.send({ type: 'LEAVE' })
  await anna.closed()
})

t.test('no request to the box API can reach the boxes, and no id or token is stored in their keys', async t => {
  const { store, calls } = watchedStore()
  const { join } = await serve(t, { store })
  const anna = await join('anna-of-the-hills', 'a-token-of-hers')
  await anna.leave()
  const [keys, values] = [calls.map(([, key]) => key), calls.map(([, ...values]) => JSON.stringify(values))]
  t.ok(keys.some(key => /^peer-owner_/.test(key)))
  t.same(keys.filter(key => new RegExp(CAPABILITY).test(key)), [])
  t.same(values.filter(text => /anna-of-the-hills|a-token-of-hers/.test(text)), [])
})
