import t from 'tap'
import { firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import { serve } from './serve.js'
import { stunServer } from './stun-server.js'

t.test('a host and a guest are connected, and see the same code', async t => {
  const { url, requests } = await serve(t, { ice: { urls: [await stunServer(t)] } })
  const call = await hostAt(t, url)
  const guestCall = await joinTo(t, call.invite)
  const [host, guest] = await Promise.all([firstPeer(call), firstPeer(guestCall)])
  t.match(host.code, /^\d{6}$/)
  t.equal(guest.code, host.code)
  const heard = Promise.all([hear(host), hear(guest)])
  guest.channel.send('from guest')
  host.channel.send('from host')
  t.strictSame(await heard, ['from guest', 'from host'])
  t.comment(requests.join('\n'))
})
