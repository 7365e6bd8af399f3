import t from 'tap'
import { needs } from '../../helpers/needs.js'
import { RedisServer } from '../../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../../helpers/server-process.js'
import { sharedStore, watchedStore } from '../stores.js'
import { peersAt, serve } from './peers.js'

t.test('servers with one store serve the same peers', async t => {
  const store = sharedStore()
  const [one, two] = [await serve(t, { store }), await serve(t, { store })]
  const [anna, ben] = [await one.join('anna'), await two.join('ben')]
  anna.send({ type: 'OFFER', dst: 'ben', payload: 1 })
  await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: 1 })
  ben.send({ type: 'ANSWER', dst: 'anna', payload: 2 })
  await anna.gets({ type: 'ANSWER', src: 'ben', dst: 'anna', payload: 2 })

  const thief = two.connect('anna', 'other')
  await thief.gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })

  // A new connection by way of the other server, before the first one notices.
  const again = await two.join('anna')
  t.equal(await anna.closed(), 1000)
  ben.send({ type: 'OFFER', dst: 'anna', payload: 3 })
  await again.gets({ type: 'OFFER', src: 'ben', dst: 'anna', payload: 3 })
  const late = one.connect('anna', 'other')
  await late.gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })
})

t.test('a restart loses neither a waiting message nor an id', async t => {
  const store = sharedStore()
  const before = await serve(t, { store })
  const [anna, ben] = [await before.join('anna'), await before.join('ben')]
  anna.send({ type: 'OFFER', dst: 'carl', payload: 1 })
  anna.send({ type: 'OFFER', dst: 'anna', payload: 'stored' })
  await anna.next()
  await before.app.close()
  t.same([await anna.closed(), await ben.closed()], [1001, 1001])

  const after = await serve(t, { store, clock: before.clock })
  const thief = after.connect('ben', 'other')
  await thief.gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })
  const again = await after.join('ben')
  const carl = await after.join('carl')
  await carl.gets({ type: 'OFFER', src: 'anna', dst: 'carl', payload: 1 })
  carl.send({ type: 'OFFER', dst: 'ben', payload: 2 })
  await again.gets({ type: 'OFFER', src: 'carl', dst: 'ben', payload: 2 })

  after.clock.turn(91)
  const successor = await after.join('anna', 'other')
  t.equal(successor.received.length, 0, 'an id whose peer does not come back is free when its time is over')
})

t.test('a client that was offline for 60 s has its id again, and hears of everything from then on', async t => {
  const { clock, connect, join } = await serve(t)
  const [anna, ben] = [await join('anna'), await join('ben')]
  // Her network is gone, and nothing tells the server.
  anna.socket.pause()
  clock.turn(60)
  await connect('anna', 'other').gets({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } })
  const again = await join('anna')
  for (let n = 0; n < 3; n++) ben.send({ type: 'OFFER', dst: 'anna', payload: n })
  for (let n = 0; n < 3; n++) await again.gets({ type: 'OFFER', src: 'ben', dst: 'anna', payload: n })
  anna.socket.resume()
  t.equal(await anna.closed(), 1000)
  t.equal(anna.received.length, 0)
})

t.test('peers go on when their boxes are gone', async t => {
  const { store, calls } = watchedStore()
  const { clock, join } = await serve(t, { store })
  const [anna, ben] = [await join('anna'), await join('ben')]
  const drops = calls.filter(([operation]) => operation === 'append').map(([, drop]) => drop as string)
  for (const drop of new Set(drops)) await store.delete(drop, clock.now())
  for (let n = 0; n < 3; n++) anna.send({ type: 'OFFER', dst: 'ben', payload: n })
  for (let n = 0; n < 3; n++) await ben.gets({ type: 'OFFER', src: 'anna', dst: 'ben', payload: n })
})

t.test('a killed server has lost no waiting message, and no id', async t => {
  const flags = ['--peerjs=/signaling', '--host=127.0.0.1', `--store=lmdb:${await temporaryDirectory(t)}`]
  const first = await ServerProcess.start(t, flags)
  const anna = await peersAt(t, `${first.url}/signaling`).join('anna')
  for (let n = 0; n < 20; n++) anna.send({ type: 'CANDIDATE', dst: 'ben', payload: n })
  // Messages are handled in order.
  anna.send({ type: 'OFFER', dst: 'anna', payload: 'the others are stored' })
  await anna.next()
  await first.kill('SIGKILL')

  const second = await ServerProcess.start(t, flags)
  const { connect, join } = peersAt(t, `${second.url}/signaling`)
  const ben = await join('ben')
  for (let n = 0; n < 20; n++) await ben.gets({ type: 'CANDIDATE', src: 'anna', dst: 'ben', payload: n })
  t.match(await connect('anna', 'other').next(), { type: 'ID-TAKEN' })
  await join('anna')
})

t.test('two servers on one Redis, of which one is killed', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t)
  const flags = ['--peerjs=/signaling', '--host=127.0.0.1', `--store=${redis.url}`]
  const [first, second] = [await ServerProcess.start(t, flags), await ServerProcess.start(t, flags)]
  const [one, two] = [peersAt(t, `${first.url}/signaling`), peersAt(t, `${second.url}/signaling`)]
  const [anna, ben] = [await one.join('anna'), await two.join('ben')]
  for (let n = 0; n < 20; n++) anna.send({ type: 'CANDIDATE', dst: 'ben', payload: n })
  for (let n = 0; n < 20; n++) await ben.gets({ type: 'CANDIDATE', src: 'anna', dst: 'ben', payload: n })
  t.match(await two.connect('anna', 'other').next(), { type: 'ID-TAKEN' })

  await first.kill('SIGKILL')
  ben.send({ type: 'OFFER', dst: 'anna', payload: 'while she is away' })
  const again = await two.join('anna')
  await again.gets({ type: 'OFFER', src: 'ben', dst: 'anna', payload: 'while she is away' })
})
