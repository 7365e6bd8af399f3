import { createHmac } from 'node:crypto'
import t from 'tap'
import { build, isProblem } from '../helpers/build.js'

t.test('none where none are set', async t => {
  const { app } = await build(t)
  const answer = await app.inject('/ice-servers')
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.same(answer.json(), { iceServers: [], ttl: 3600 })
})

t.test('TURN credentials end by themselves, as coturn takes them', async t => {
  const turnSecret = 'canary'
  const { app, clock } = await build(t, { ice: { urls: ['stun:a.example:3478'], turnUrls: ['turn:a.example?transport=udp', 'turns:a.example'], turnSecret, ttl: 600 } })
  const ask = async () => (await app.inject('/ice-servers'))
  const first = await ask()
  t.notMatch(first.body, 'canary')
  const { iceServers, ttl } = first.json()
  const username = String(Math.floor(clock.now() / 1000) + 600)
  t.equal(ttl, 600)
  t.same(iceServers, [
    { urls: ['stun:a.example:3478'] },
    { urls: ['turn:a.example?transport=udp', 'turns:a.example'], username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') }
  ])
  clock.turn(60)
  t.equal((await ask()).json().iceServers[1].username, String(Number(username) + 60))
})

t.test('it takes no query', async t => {
  const { app } = await build(t)
  isProblem(t, await app.inject('/ice-servers?x=1'), 400, 'BOX_ERR_INVALID')
})
