import t from 'tap'
import type { CallError } from '../../clients/typescript/src/webrtc/errors.js'
import { serve } from '../server/serve.js'
import { end, firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import { stunServer } from './stun-server.js'
import { until } from '../helpers/until.js'

t.test('messages that arrive before the peer is read are delivered in order', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`)
  let arrived = 0
  const guest = await joinTo(t, call.invite, { prepare: (_connection, channel) => { channel.addEventListener('message', () => { arrived++ }) } })
  const host = await firstPeer(call)
  for (const text of ['1', '2', '3']) host.channel.send(text)
  await until(() => arrived === 3)

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

t.test('without keepMessages, prepare gets every message, once', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const heard: string[] = []
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`, {
    keepMessages: false,
    prepare: (_connection, channel) => { channel.addEventListener('message', ({ data }) => { heard.push(String(data)) }) }
  })
  const guest = await firstPeer(await joinTo(t, call.invite))
  guest.channel.send('1')
  await until(() => heard.length > 0)
  const host = await firstPeer(call)
  const answer = hear(host)
  guest.channel.send('2')
  t.equal(await answer, '2')
  t.same(heard, ['1', '2'])
})

t.test('prepare gets the channel, however many parameters it declares', async t => {
  const { listen } = await serve(t, ['--log-level=silent', `--ice-urls=${await stunServer(t)}`])
  const given: unknown[][] = []
  const call = await hostAt(t, `http://127.0.0.1:${await listen()}`, { prepare: (...args: unknown[]) => { given.push(args) } })
  await firstPeer(await joinTo(t, call.invite))
  t.same(given.map(args => args.length), [2])
})

end(t)
