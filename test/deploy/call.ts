/** The deployment with one server: run by call.test.ts, with `alone` by network.sh. */
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import t from 'tap'
import WebSocket from 'ws'
import { code, inCall } from '../helpers/call-page.js'
import { launch } from '../helpers/chromium.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/redis-server.js'
import { relayOnly } from './relay-only.js'
import { SECRET, Site } from './site.js'

t.test('the deployment with one server', async t => {
  const began = Date.now()
  const site = await Site.start(t, process.argv.includes('alone'), 'compose.yaml')
  const { domain, clients: [client, other], ports, own } = site.place
  const origin = own ? `https://${domain}` : `https://${domain}:${ports.https}`

  await t.test('two people call each other over HTTPS and through the relay', async t => {
    const browser = await launch(t, ['--ignore-certificate-errors'])
    const { host, guest } = await inCall(t, browser, `${origin}/`, {}, relayOnly)
    t.comment(`from nothing to the call: ${Date.now() - began} ms`)
    t.match(await code(host), /\d{3}.?\d{3}/)
    t.equal(await code(host), await code(guest))
    for (const { page, problems, foreign } of [host, guest]) {
      t.same(problems, [])
      t.same(foreign, [])
      t.equal(await page.evaluate(() => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).nextHopProtocol), 'h2')
      const path = await page.evaluate(async () => {
        const stats = await window.connections.at(-1)!.getStats()
        const { selectedCandidatePairId } = [...stats.values()].find(({ type }) => type === 'transport')
        const { localCandidateId, remoteCandidateId } = stats.get(selectedCandidatePairId)
        return [localCandidateId, remoteCandidateId].map(id => [stats.get(id).candidateType, stats.get(id).address])
      })
      t.same(path, [['relay', client], ['relay', client]])
    }
  })

  await t.test('a stream brings each message at once', async t => {
    const { data: box, drop } = await site.createBox()
    const stream = await site.open(`/boxes/${box}/messages`, { headers: { accept: 'text/event-stream' } })
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    for (const word of ['first', 'second']) {
      await site.ask(`/boxes/${drop}/messages`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: word })
      // It stays open, so nothing but this message can have brought it.
      await until(async () => text.includes(`data: "${word}"`), patience)
      t.notOk(stream.complete)
    }
    stream.destroy()
  })

  await t.test('a WebSocket is passed on', async t => {
    const socket = new WebSocket(`${origin.replace('https', 'wss')}/peerjs/peerjs?key=peerjs&id=somebody&token=secret&version=1.5.5`,
      { ca: await site.authority(), family: 4 })
    t.teardown(() => { socket.terminate() })
    const [message] = await once(socket, 'message') as [Buffer]
    t.match(JSON.parse(message.toString()), { type: 'OPEN' })
  })

  await t.test('Caddy asks for HTTPS in future, and keeps the metrics to this machine', async t => {
    const { headers } = await site.ask('/')
    t.equal(headers['strict-transport-security'], 'max-age=31536000')
    t.match(headers['alt-svc'], `h3=":${ports.https}"`)
    t.equal((await site.ask('/metrics')).status, 404)
  })

  await t.test('a read waits while the server is away, and a lost message leaves no address of a box in the log', async t => {
    const { data: box, drop } = await site.createBox()
    site.servers[0]!.port.silence()
    const lost = site.ask(`/boxes/${drop}/messages`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'kept' })
    await until(async () => site.servers[0]!.port.passed.includes('kept'), patience)
    site.servers[0]!.port.cut()
    t.equal((await lost).status, 502)
    const reading = site.ask(`/boxes/${box}/messages`)
    await until(async () => site.servers[0]!.port.refused > 0, patience)
    site.servers[0]!.port.mend()
    t.equal((await reading).status, 200)
    await until(async () => site.log.includes('"status":502'), patience)
    t.notMatch(site.log, drop)
    t.notMatch(site.log, box)
  })

  await t.test('coturn speaks TLS with the certificate that Caddy obtained', async t => {
    const socket = connect({ host: domain, port: ports.turns, servername: domain, ca: await site.authority() })
    await once(socket, 'secureConnect')
    t.ok(socket.authorized)
    socket.destroy()
  })

  const skip = !own && 'needs a network of its own'

  await t.test('Caddy redirects to HTTPS', { skip }, async t => {
    const [redirection] = await once(request({ host: domain, path: '/', agent: false }).end(), 'response') as [IncomingMessage]
    redirection.resume()
    t.equal(redirection.headers.location, `${origin}/`)
  })

  await t.test('each client has limits of its own, and cannot choose another address', { skip }, async t => {
    const limit = async (from: string, name: string, headers = {}): Promise<number> =>
      Number((await site.ask('/openapi.json', { from, headers })).headers[`ratelimit-${name}`])
    const remaining = async (from: string, headers = {}): Promise<number> => await limit(from, 'remaining', headers)
    // All of it in one window.
    await until(async () => Math.min(await limit(client, 'reset'), await limit(other, 'reset')) > 30, patience)
    const [before, others] = [await remaining(client), await remaining(other)]
    t.equal(await remaining(client, { 'x-forwarded-for': other }), before - 1)
    t.equal(await remaining(other), others - 1)
  })

  await t.test('coturn relays nothing to private addresses', { skip }, async t => {
    for (const peer of ['172.18.0.2', '127.0.0.1']) {
      const before = site.log.length
      await once(site.run('turnutils_uclient', ['-W', SECRET, '-u', 'somebody', '-e', peer, '-n', '1', '-m', '1', domain]), 'close')
      t.match(site.log.slice(before), /403 \(Forbidden IP\)/)
    }
  })
})
