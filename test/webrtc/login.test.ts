import t, { type Test } from 'tap'
import { connect } from '../../clients/typescript/src/webrtc/connect.js'
import { listen } from '../../clients/typescript/src/webrtc/listen.js'
import { end, firstPeer, hear, hostAt, joinTo } from './node-peers.js'
import { next, serve } from './serve.js'
import { stunServer } from './stun-server.js'

const headers = { Authorization: 'Bearer ok' }

/** A server where everything needs a login. */
async function serveMembers (t: Test) {
  const asked: string[] = []
  const { url } = await serve(t, {
    ice: { urls: [await stunServer(t)] },
    guard: (request, _reply, operation) => {
      if (request.headers.authorization !== headers.Authorization) throw Object.assign(new Error('Log in first.'), { statusCode: 401 })
      asked.push(operation)
    }
  })
  return { url, asked }
}

t.test('host and join send their headers with every request, also for ICE servers', async t => {
  const { url, asked } = await serveMembers(t)
  let calls = 0
  const call = await hostAt(t, url, { headers: async () => { calls++; return headers } })
  const guest = await joinTo(t, call.invite, { server: url, headers })
  const [there, here] = await Promise.all([firstPeer(call), firstPeer(guest)])
  const heard = hear(here)
  there.channel.send('hello')
  t.equal(await heard, 'hello')
  t.equal(asked.filter(operation => operation === 'getIceServers').length, 2)
  t.ok(calls > 3)
})

t.test('listen and connect do so too, and nobody gets in without them', async t => {
  const { url } = await serveMembers(t)
  const listener = await listen({ server: url, headers })
  t.teardown(() => listener.close())
  const channel = await connect(listener.invite, { server: url, headers })
  t.teardown(() => channel.close())
  const other = await next(listener)
  await other.send('hello')
  t.equal(await next(channel), 'hello')
  await t.rejects(connect(listener.invite), { code: 'CALL_ERR_SERVER', cause: { status: 401, detail: 'Log in first.' } })
  await t.rejects(listen({ server: url }), { code: 'CALL_ERR_SERVER', cause: { status: 401 } })
})

t.test('an invite cannot send headers to a server that was not named', async t => {
  const { url } = await serve(t)
  const elsewhere = await serve(t)
  const listener = await listen({ server: elsewhere.url, page: `${url}/call` })
  t.teardown(() => listener.close())
  const before = elsewhere.requests.length
  await t.rejects(connect(listener.invite, { headers }), { name: 'TypeError', message: /server/ })
  await t.rejects(connect(listener.invite, { headers, server: url }), { code: 'CALL_ERR_INVITE' })
  await t.rejects(joinTo(t, listener.invite, { headers, server: url }), { code: 'CALL_ERR_INVITE' })
  t.notOk(elsewhere.requests.slice(before).some(request => !request.startsWith('GET /boxes/{box}/messages')), 'nothing was asked there')
})

end(t)
