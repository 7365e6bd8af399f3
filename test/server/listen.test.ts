import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { addressesOf, prepareListen } from '../../src/server/listen.js'
import { until } from '../helpers/until.js'

/** A server whose one route answers when the test lets it, and what happened in which order. */
function slowServer (t: Test) {
  const events: string[] = []
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onClose', async () => { events.push('store closed') })
  app.get('/', async () => {
    events.push('asked')
    await gate
    events.push('answered')
    return 'ok'
  })
  return { app, listen: prepareListen(app), events, open: () => { open() } }
}

async function connected (t: Test, host: string, port: number): Promise<Socket> {
  const socket = connect(port, host)
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

// Linux answers on all of 127.0.0.0/8; other systems may have only the first.
for (const host of process.platform === 'linux' ? ['127.0.0.1', '127.0.0.2'] : ['127.0.0.1']) {
  t.test(`requests received on ${host} get a response before anything they depend on is closed`, async t => {
    const { app, listen, events, open } = slowServer(t)
    const port = await listen(['127.0.0.1', '127.0.0.2'].slice(0, host === '127.0.0.1' ? 1 : 2), 0)
    const answer = fetch(`http://${host}:${port}/`)
    await until(() => events.length === 1)
    const closing = app.close()
    await until(() => !app.server.listening)
    open()
    t.equal(await (await answer).text(), 'ok')
    await closing
    t.same(events, ['asked', 'answered', 'store closed'])
    await t.rejects(fetch(`http://${host}:${port}/`), 'and nothing is taken any more')
  })
}

t.test('idle connections do not delay the shutdown', async t => {
  const { app, listen, open } = slowServer(t)
  open()
  const port = await listen(['127.0.0.1'], 0)
  await connected(t, '127.0.0.1', port)
  const used = await connected(t, '127.0.0.1', port)
  used.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(used, 'data')
  const start = Date.now()
  await app.close()
  t.ok(Date.now() - start < 3_000, 'one that was silent and one that is kept alive')
})

t.test('a response sent during the shutdown says that the connection ends', async t => {
  const { app, listen, events, open } = slowServer(t)
  const port = await listen(['127.0.0.1'], 0)
  const answer = fetch(`http://127.0.0.1:${port}/`)
  await until(() => events.length === 1)
  const closing = app.close()
  await until(() => !app.server.listening)
  open()
  t.equal((await answer).headers.get('connection'), 'close')
  await closing
})

t.test('a port in use on any of the addresses is an error; a missing address is not', async t => {
  const { listen } = slowServer(t)
  const port = await listen(['127.0.0.1', '192.0.2.1'], 0)
  t.ok(port > 0)
  if (process.platform !== 'linux') return
  const other = createServer().listen(0, '127.0.0.2')
  await once(other, 'listening')
  t.teardown(() => { other.close() })
  const { port: taken } = other.address() as { port: number }
  await t.rejects(slowServer(t).listen(['127.0.0.1', '127.0.0.2'], taken), { code: 'EADDRINUSE' })
})

t.test('localhost stands for all its addresses; any other host stands for itself', async t => {
  const addresses = await addressesOf('localhost')
  t.ok(addresses.length > 0)
  t.ok(addresses.every(address => address === '127.0.0.1' || address === '::1'))
  t.same(await addressesOf('0.0.0.0'), ['0.0.0.0'])
})
