import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { freePort, until } from '../../helpers/redis-server.js'
import type { RawSocket } from '../raw-socket.js'
import { peersAt, serve, type Served } from './peers.js'

/** The server of the PeerJS project, as its command runs it. */
async function officialServer (t: Test): Promise<string> {
  const port = await freePort()
  const command = join(dirname(createRequire(import.meta.url).resolve('peer')), 'bin/peerjs.js')
  const child = spawn(process.execPath, [command, '--host=127.0.0.1', `--port=${port}`, '--path=/p', '--expire_timeout=500'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const url = `http://127.0.0.1:${port}/p`
  await until(async () => (await fetch(url)).ok)
  return url
}

/** What clients see in a session. */
async function session ({ url, connect, join }: Pick<Served, 'url' | 'connect' | 'join'>): Promise<unknown[]> {
  const seen: unknown[] = []
  const sees = async (who: string, peer: RawSocket) => { seen.push([who, await peer.next()]) }

  const id = await fetch(`${url}/peerjs/id`)
  seen.push(id.status, (await id.text()).replace(/[0-9a-f]/g, 'x'))
  seen.push((await fetch(`${url}/peerjs/peers`)).status)

  const anna = connect('anna')
  await sees('anna', anna)
  const thief = connect('anna', 'other')
  await sees('thief', thief)
  await thief.closed()
  const wrong = connect('x', 'x', { key: 'wrong' })
  await sees('wrong key', wrong)
  await wrong.closed()
  const nameless = connect('', 'x')
  await sees('nameless', nameless)
  await nameless.closed()

  const ben = await join('ben')
  for (const type of ['OFFER', 'CANDIDATE', 'LEAVE', 'EXPIRE', 'ANSWER']) {
    anna.send({ type, dst: 'ben', src: 'forged', payload: { type, deep: [1, null, '✓'] }, more: true })
    await sees('ben', ben)
  }
  anna.send({ type: 'OFFER', dst: 'ben' })
  await sees('ben', ben)
  // All of it is JSON: the other server does not read a socket any further after a text that is not.
  for (const text of ['{"type":"HEARTBEAT"}', '{"type":"OPEN","dst":"ben"}', '{"type":"unknown","dst":"ben"}']) anna.send(text)

  anna.send({ type: 'OFFER', dst: 'carl', payload: 1 })
  anna.send({ type: 'LEAVE', dst: 'carl' })
  anna.send({ type: 'CANDIDATE', dst: 'carl', payload: 2 })
  anna.send({ type: 'OFFER', dst: 'anna', payload: 'to herself' })
  await sees('anna', anna)
  const carl = connect('carl')
  for (let n = 0; n < 3; n++) await sees('carl', carl)

  anna.send({ type: 'OFFER', dst: 'nobody', payload: 1 })
  anna.send({ type: 'CANDIDATE', dst: 'nobody', payload: 2 })
  await sees('anna', anna)
  for (const peer of [anna, ben, carl]) await peer.leave()
  return seen
}

t.test('clients see the same as with the server of the PeerJS project', async t => {
  const official = await session(peersAt(t, await officialServer(t)))
  const ours = await session(await serve(t, { soon: { expire: 500 } }))
  t.strictSame(ours, official)
  t.equal(official.length, 18)
})
