import t from 'tap'
import { needs } from '../../helpers/needs.js'
import { RedisServer } from '../../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../../helpers/server-process.js'
import { until } from '../../helpers/until.js'
import { sharedStore } from '../stores.js'
import { clientsAt, hears, publication, serve } from './clients.js'

t.test('servers with one store serve the same topics, and each counts its own subscribers', async t => {
  const store = sharedStore()
  const one = await serve(t, { store })
  const two = await serve(t, { store, clock: one.clock })
  const [anna, ben, carl] = [await one.join('notes'), await two.join('notes'), await two.join('notes')]
  t.same((await ben.next()).data, 'mine', 'of carl')
  t.same([(await anna.next()).data, (await anna.next()).data], ['mine', 'mine'], 'of both')
  carl.send(publication('notes', 1))
  await anna.gets({ ...publication('notes', 1), clients: 1 })
  for (const client of [ben, carl]) await client.gets({ ...publication('notes', 1), clients: 2 })
})

t.test('of two that come at the same time, by different servers, at least one hears of the other', async t => {
  const store = sharedStore()
  const one = await serve(t, { store })
  const two = await serve(t, { store, clock: one.clock })
  for (let n = 0; n < 30; n++) {
    const clients = [one.connect(), two.connect()]
    const heard = clients.map(() => new Set<unknown>())
    for (const [nth, { socket }] of clients.entries()) {
      socket.on('open', () => {
        socket.send(JSON.stringify({ type: 'subscribe', topics: [`topic ${n}`] }))
        socket.send(JSON.stringify(publication(`topic ${n}`, nth)))
      })
      socket.on('message', text => { heard[nth]!.add(JSON.parse(String(text)).data) })
    }
    await until(() => heard.every(({ size }) => size > 0) && heard.some(({ size }) => size === 2))
    t.ok(heard[0]!.has(0) && heard[1]!.has(1), 'and both of themselves')
  }
})

t.test('after a restart, all goes on as soon as clients are back, and nothing comes again', async t => {
  const flags = ['--y-webrtc=/yjs', '--host=127.0.0.1', `--store=lmdb:${await temporaryDirectory(t)}`]
  const first = await ServerProcess.start(t, flags)
  const before = await clientsAt(t, `${first.url}/yjs`).join('notes')
  before.send(publication('notes', 'old'))
  await hears(before, 1)
  await first.kill('SIGKILL')

  const second = await ServerProcess.start(t, flags)
  const { join } = clientsAt(t, `${second.url}/yjs`)
  const [anna, ben] = [await join('notes'), await join('notes')]
  ben.send(publication('notes', 'new'))
  for (const client of [anna, ben]) t.same(await hears(client, 1), ['new'])
})

t.test('two servers on one Redis, of which one is killed', { skip: needs('redis-server') }, async t => {
  const redis = await RedisServer.start(t)
  const flags = ['--y-webrtc=/yjs', '--host=127.0.0.1', `--store=${redis.url}`]
  const [first, second] = [await ServerProcess.start(t, flags), await ServerProcess.start(t, flags)]
  const [one, two] = [clientsAt(t, `${first.url}/yjs`), clientsAt(t, `${second.url}/yjs`)]
  const [anna, ben] = [await one.join('notes'), await two.join('notes')]
  const numbers = Array.from({ length: 50 }, (_, n) => n)
  for (const n of numbers) anna.send(publication('notes', n))
  for (const client of [anna, ben]) t.same(await hears(client, 50), numbers)

  await first.kill('SIGKILL')
  const again = await two.join('notes')
  ben.send(publication('notes', 'still here'))
  for (const client of [again, ben]) t.same(await hears(client, 1), ['still here'])
})
