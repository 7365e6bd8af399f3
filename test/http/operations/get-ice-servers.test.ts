import { createHmac } from 'node:crypto'
import t from 'tap'
import { build, isProblem } from '../../helpers/build.js'

t.test('without the option ice, there are none', async t => {
  const { app, createBox } = await build(t)
  const { url } = await createBox()
  const answer = await app.inject(`${url}/ice-servers`)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.same(answer.json(), { iceServers: [], ttl: 3600 })
})

t.test('TURN credentials expire, in the form coturn expects', async t => {
  const turnSecret = 'canary'
  const { app, clock, createBox } = await build(t, { ice: { urls: ['stun:a.example:3478'], turnUrls: ['turn:a.example?transport=udp', 'turns:a.example'], turnSecret, ttl: 600 } })
  const { url } = await createBox()
  const ask = async () => (await app.inject(`${url}/ice-servers`))
  const first = await ask()
  t.notMatch(first.body, 'canary')
  const { iceServers, ttl } = first.json()
  const username: string = iceServers[1].username
  t.match(username, new RegExp(`^${Math.floor(clock.now() / 1000) + 600}:[\\w-]{8}$`))
  t.equal(ttl, 600)
  t.same(iceServers, [
    { urls: ['stun:a.example:3478'] },
    { urls: ['turn:a.example?transport=udp', 'turns:a.example'], username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') }
  ])
  clock.turn(60)
  const [expiry, name] = username.split(':')
  t.equal((await ask()).json().iceServers[1].username, `${Number(expiry) + 60}:${name}`)
})

t.test('the TURN user name tells client addresses apart, for the quotas of the TURN server', async t => {
  for (const rateLimit of [{}, false] as const) {
    const { app, createBox } = await build(t, { rateLimit, ice: { turnUrls: ['turn:a.example'], turnSecret: 'canary' } })
    const boxes = [await createBox(), await createBox()]
    const names = await Promise.all(['192.0.2.1', '192.0.2.1', '192.0.2.2'].map(async (remoteAddress, i) => {
      const { iceServers: [{ username }] } = (await app.inject({ url: `${boxes[i % 2]?.url}/ice-servers`, remoteAddress })).json()
      t.notMatch(username, '192.0.2')
      return username.split(':')[1]
    }))
    t.equal(names[0], names[1], 'whatever its box')
    t.not(names[0], names[2])
  }
})

t.test('only holders of a box id or drop address get them', async t => {
  const { app, createBox } = await build(t, { ice: { turnUrls: ['turn:a.example'], turnSecret: 'canary' } })
  const { id, drop, url } = await createBox()
  for (const known of [id, drop]) t.match((await app.inject(`/boxes/${known}/ice-servers`)).json(), { iceServers: [{ urls: ['turn:a.example'] }] })
  await app.inject({ method: 'DELETE', url })
  for (const unknown of [id, drop, 'none', `box_${'A'.repeat(32)}`, `drop_${'A'.repeat(32)}`]) {
    isProblem(t, await app.inject(`/boxes/${unknown}/ice-servers`), 404, 'BOX_ERR_NOT_FOUND')
  }
  t.equal((await app.inject({ url: '/ice-servers', headers: { origin: 'https://evil.example' } })).statusCode, 404)
})

t.test('asking for them renews the box', async t => {
  const { app, clock, createBox } = await build(t)
  const { drop, read } = await createBox({ ttl: 60 })
  for (let i = 0; i < 5; i++) {
    clock.turn(40)
    t.equal((await app.inject(`/boxes/${drop}/ice-servers`)).statusCode, 200)
  }
  t.equal((await read()).statusCode, 200)
})

t.test('it accepts no query parameters', async t => {
  const { app, createBox } = await build(t)
  const { url } = await createBox()
  isProblem(t, await app.inject(`${url}/ice-servers?x=1`), 400, 'BOX_ERR_INVALID')
})
