import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { patience } from '../../helpers/patience.js'
import { freePort, until as comes } from '../../helpers/redis-server.js'
import { until } from '../../helpers/until.js'
import type { RawSocket } from '../raw-socket.js'
import { clientsAt, publication, serve, type Served } from './clients.js'

/** The server of y-webrtc, as its command runs it. */
async function officialServer (t: Test): Promise<string> {
  const port = await freePort()
  const command = join(dirname(createRequire(import.meta.url).resolve('y-webrtc')), '../bin/server.js')
  const child = spawn(process.execPath, [command], { stdio: 'ignore', env: { ...process.env, PORT: String(port) } })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const url = `http://127.0.0.1:${port}`
  await comes(async () => (await fetch(url)).ok, patience)
  return url
}

/** What clients see in a session, by topic: only the server of y-webrtc keeps the order between topics. */
async function session ({ join }: Pick<Served, 'join'>): Promise<unknown[]> {
  const [anna, ben] = [await join('notes', 'more'), await join('notes')]
  const publish = (topic: string, data: unknown, more: object = {}): void => { ben.send({ ...publication(topic, data), ...more }) }
  const sees = ({ received }: RawSocket, topic: string, seen: unknown): Promise<void> => until(() => received.some(message => message.topic === topic && message.data === seen))

  publish('notes', { from: 'ben', deep: [1, null, '✓'] }, { more: true })
  publish('notes', 1, { clients: 99 })
  publish('more', 2)
  publish('nobody', 3)
  // All of it is JSON: the other server ends at a text that is not.
  for (const text of ['{}', 'null', '{"type":"other"}', '{"type":"subscribe"}', '{"type":"subscribe","topics":[1,null]}', '{"type":"publish"}', '{"type":"unsubscribe","topics":["nobody"]}']) ben.send(text)
  ben.send({ type: 'subscribe', topics: ['notes', 'notes', 'own'] })
  publish('notes', 4)
  publish('own', 5)
  await sees(ben, 'own', 5)
  ben.send({ type: 'unsubscribe', topics: ['own'] })
  publish('own', 6)
  publish('more', 7)
  await sees(anna, 'more', 7)
  ben.send({ type: 'ping' })
  publish('notes', 'last')
  for (const client of [anna, ben]) await sees(client, 'notes', 'last')
  await until(() => ben.received.some(({ type }) => type === 'pong'))
  return [anna, ben].map(({ received }) => ['notes', 'more', 'own', undefined].map(topic => received.filter(message => message.topic === topic)))
}

t.test('clients see the same as with the server of y-webrtc', async t => {
  const official = await session(clientsAt(t, await officialServer(t)))
  const ours = await session(await serve(t))
  t.strictSame(ours, official)
  t.match(official, [[{ length: 5 }, { length: 2 }, [], []], [{ length: 4 }, [], { length: 1 }, { length: 1 }]])
})
