import t from 'tap'
import { iceServersOf } from '../../clients/typescript/src/webrtc/ice-servers.js'

const address = { server: 'http://server.test', id: `drop_${'d'.repeat(32)}` }
const iceServers = [{ urls: ['turn:turn.test:3478'], username: 'u', credential: 'c' }]
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

/** ICE servers from a server that gives these answers, one after the other. */
function answering (...answers: (() => Response)[]) {
  let requests = 0
  const fetch = async () => answers[Math.min(requests++, answers.length - 1)]!()
  return { ask: iceServersOf(address, { fetch }), requests: () => requests }
}

const given = () => json({ iceServers, ttl: 3600 })

t.test('ICE servers are requested once, and again after half their lifetime, even if the machine slept', async t => {
  let now = 1_000_000
  t.capture(Date, 'now', () => now)
  const { ask, requests } = answering(given)
  t.strictSame(await Promise.all([ask(), ask()]), [iceServers, iceServers])
  now += 1_799_999
  t.strictSame(await ask(), iceServers)
  t.equal(requests(), 1)
  now += 1
  t.strictSame(await ask(), iceServers)
  t.equal(requests(), 2)
  now -= 500_000
  await ask()
  t.equal(requests(), 3, 'and when the clock was put back')
})

for (const [what, answer] of Object.entries({
  'is refused by a rate limit': () => json({ code: 'BOX_ERR_RATE' }, 429),
  'is refused by a server that is down': () => json({ code: 'BOX_ERR_STORE' }, 503),
  'does not arrive': () => { throw new TypeError('fetch failed') },
  'has an empty answer': () => json(null)
})) {
  t.test(`a request that ${what} leaves only direct paths, and the next connection asks again`, async t => {
    const { ask, requests } = answering(answer, given)
    t.strictSame(await ask(), [])
    t.strictSame(await ask(), iceServers)
    t.equal(requests(), 2)
  })
}

t.test('no more URLs of a long list are used than a connection can handle', async t => {
  const many = Array.from({ length: 20 }, (_, i) => ({ urls: [`stun:a${i}.test`, `stun:b${i}.test`] }))
  const { ask } = answering(() => json({ iceServers: many }))
  t.strictSame(await ask(), many.slice(0, 16))
})
