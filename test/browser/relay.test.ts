import Fastify from 'fastify'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Clock } from '../../src/box/clock.js'
import type { BoxPluginOptions } from '../../src/options.js'
import { createBoxPlugin } from '../../src/plugin.js'
import { launch, needsChromium, person } from '../helpers/chromium.js'
import { needs } from '../helpers/needs.js'
import { turnServer } from '../helpers/turn-server.js'
import { browserBundle } from '../webrtc/browser-bundle.js'

const skip = needs('turnserver') || await needsChromium()

const TTL = 600
/** Of credentials that ended a minute ago. */
const past: Clock = { now: () => Date.now() - (TTL + 60) * 1000 }

declare global {
  interface Window {
    /** What a TURN server refused: the codes of RFC 8656. */
    refusals: number[]
  }
}

/**
 * Two people at a server whose boxes below `/valid` and `/expired` differ only in the clock of their plugin.
 *
 * Chromium makes no difference for a TURN server on loopback: that is no candidate of its own, so that
 * it needs no flag and no address of an interface. What has to be told is coturn; see turnServer.
 */
async function people (t: Test): Promise<Page[]> {
  const { url, secret } = await turnServer(t)
  const bundle = await browserBundle()
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const options: BoxPluginOptions = { docs: false, ice: { turnUrls: [url], turnSecret: secret, ttl: TTL } }
  await app.register(createBoxPlugin(), { ...options, prefix: '/valid' })
  await app.register(createBoxPlugin({ clock: past }), { ...options, prefix: '/expired' })
  app.get('/', (_request, reply) => reply.type('text/html').send('<!doctype html><html lang="en"><title>test</title><script src="/bundle.js"></script>'))
  app.get('/bundle.js', (_request, reply) => reply.type('text/javascript').send(bundle))
  const site = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launch(t)
  return await Promise.all(['host', 'guest'].map(async () => {
    const page = await (await person(t, browser)).newPage()
    page.on('pageerror', error => { t.fail(error.message) })
    await page.goto(site)
    return page
  }))
}

/** Starts a call that may only go through the TURN server, and joins it. Either page then has a peer, or why not. */
async function callThroughTurn ([host, guest]: Page[], prefix: string): Promise<void> {
  const options = {
    prefix,
    // The one by which a call is refused is the same by which another connects.
    timeouts: { ice: 5_000 }
  }
  const invite = await host!.evaluate(async ({ prefix, timeouts }) => {
    const call = await window.hostWith(window.withTimeouts(timeouts), {
      server: location.origin + prefix,
      configuration: { iceTransportPolicy: 'relay' },
      refused: error => { window.failed.push(error.code) }
    })
    window.follow(call)
    return call.invite
  }, options)
  await guest!.evaluate(async ({ invite, timeouts }) => {
    window.refusals = []
    window.follow(await window.joinWith(window.withTimeouts(timeouts), invite, {
      configuration: { iceTransportPolicy: 'relay' },
      prepare: connection => {
        connection.addEventListener('icecandidateerror', ({ errorCode }) => { window.refusals.push(errorCode) })
      }
    }))
  }, { ...options, invite })
  await guest!.waitForFunction(() => window.peer !== undefined || window.failed.length > 0)
}

t.test('a call that may only go through coturn', { skip }, async t => {
  await t.test('connects with the credentials that the server gave', async t => {
    const [host, guest] = await people(t)
    await callThroughTurn([host!, guest!], '/valid')
    t.strictSame(await guest!.evaluate(() => window.failed), [])
    await host!.waitForFunction(() => window.peer !== undefined)
    t.strictSame(await guest!.evaluate(() => window.codes), await host!.evaluate(() => window.codes))

    await guest!.evaluate(() => { window.peer.channel.send('through coturn') })
    await host!.waitForFunction(() => window.heard.includes('through coturn'))
    const path = await guest!.evaluate(async () => {
      const stats = await window.peer.connection.getStats()
      const { selectedCandidatePairId } = [...stats.values()].find(({ type }) => type === 'transport')
      const { localCandidateId, remoteCandidateId } = stats.get(selectedCandidatePairId)
      return [localCandidateId, remoteCandidateId].map(id => stats.get(id).candidateType)
    })
    t.strictSame(path, ['relay', 'relay'], 'by a relayed address at both ends')
  })

  await t.test('does not connect with expired ones, and says that a TURN server was there', async t => {
    const [host, guest] = await people(t)
    await callThroughTurn([host!, guest!], '/expired')
    t.strictSame(await guest!.evaluate(() => window.failed), ['CALL_ERR_NO_PATH_WITH_TURN'])
    const refusals = await guest!.evaluate(() => window.refusals)
    t.ok(refusals.length > 0 && refusals.every(code => code === 401), `coturn refused the credentials: ${refusals.join()}`)
    t.equal(await host!.evaluate(() => window.peer), undefined)
  })
})
