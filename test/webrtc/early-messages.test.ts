import t from 'tap'
import type { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { serve } from '../server/serve.js'
import { end, firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import { stunServer } from './stun-server.js'

t.test('messages that arrive before the peer is read are delivered in order', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`)
  const guest = await joinTo(t, call.invite)
  const host = await firstPeer(call)
  for (const text of ['1', '2', '3']) host.channel.send(text)
  while (host.channel.bufferedAmount > 0) await new Promise(resolve => setTimeout(resolve, 10))
  await new Promise(resolve => setTimeout(resolve, 500))

  const peer = await firstPeer(guest)
  const heard: string[] = []
  const all = new Promise<void>(resolve => {
    peer.channel.addEventListener('message', ({ data }) => {
      heard.push(String(data))
      if (data === '4') resolve()
    })
  })
  host.channel.send('4')
  await all
  t.same(heard, ['1', '2', '3', '4'])

  const answer = hear(host)
  peer.channel.send('5')
  t.equal(await answer, '5', 'and only once')
})

t.test('a channel whose messages nobody reads ends before any of them is lost', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`)
  const guest = await joinTo(t, call.invite)
  const host = await firstPeer(call)
  for (let i = 0; i <= 1_024; i++) host.channel.send(String(i))
  const end = await firstPeer(guest).then(async ({ closed }) => await closed, (error: unknown) => error)
  t.equal((end as CallError).code, 'CALL_ERR_FULL')
})

t.test('a prepare that takes the channel gets every message there, once', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const heard: string[] = []
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`, {
    prepare: (_connection, channel) => { channel.addEventListener('message', ({ data }) => { heard.push(String(data)) }) }
  })
  const guest = await firstPeer(await joinTo(t, call.invite))
  guest.channel.send('1')
  while (heard.length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  const host = await firstPeer(call)
  const answer = hear(host)
  guest.channel.send('2')
  t.equal(await answer, '2')
  t.same(heard, ['1', '2'])
})

t.test('a prepare that does not declare the channel does not get it, so that nothing is delivered twice', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const given: unknown[][] = []
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`, { prepare: (...args: unknown[]) => { given.push(args) } })
  await firstPeer(await joinTo(t, call.invite))
  t.same(given.map(args => args.length), [1])
})

end(t)
