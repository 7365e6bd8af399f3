import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { createSecret, type SignalboxRoomConfig } from '../../clients/typescript/src/trystero/index.js'
import { launch, needsChromium, person } from '../helpers/chromium.js'
import { needs } from '../helpers/needs.js'
import { freePort, RedisServer } from '../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../helpers/server-process.js'
import { patience } from '../helpers/patience.js'
import { until } from '../helpers/until.js'
import { serveBundle } from './bundled-page.js'
import type {} from './trystero-entry.js'

/** Not at each frame: a page in the background may have none. */
const often = { polling: 100 }
const secret = createSecret()
/** Half of the pages: at night, eight meet. The cores of the gate are busy, and Trystero may then leave a pair unconnected. */
const half = process.env['SIGNALBOX_TEST_NIGHTLY'] === undefined ? 2 : 4

/** A page with Trystero in it, for a browser of its own each time. */
async function pages (t: Test, browser: Browser): Promise<(config: SignalboxRoomConfig) => Promise<Page>> {
  const address = await serveBundle(t, { entryPoints: ['test/client/trystero-entry.ts'] })
  return async config => {
    const context = await person(t, browser)
    context.setDefaultTimeout(patience)
    const page = await context.newPage()
    await page.goto(address)
    await page.evaluate(config => { window.enter(config) }, config)
    return page
  }
}

/** Waits until each sees all others, and hears what each says. */
async function together (t: Test, everyone: Page[], what: string): Promise<void> {
  await Promise.all(everyone.map(page => page.waitForFunction(count => window.seen.size === count, everyone.length - 1, often))).catch(async error => {
    throw new Error(`${what}: they see ${await Promise.all(everyone.map(page => page.evaluate(() => window.seen.size)))}`, { cause: error })
  })
  // On a busy machine, Trystero may just be replacing a connection, and then it loses what is said.
  for (let attempt = 1, isHeard = false; !isHeard; attempt++) {
    await Promise.all(everyone.map((page, n) => page.evaluate(text => window.say(text), `${what}: ${n}`)))
    const heard = everyone.map(page => page.waitForFunction(count => new Set(window.heard).size >= count, everyone.length - 1, { ...often, timeout: patience / 3 }))
    isHeard = await Promise.all(heard).then(() => true, error => {
      if (attempt === 3) throw error
      return false
    })
  }
  for (const [n, page] of everyone.entries()) {
    const texts = await page.evaluate(() => [...new Set(window.heard.splice(0))].sort())
    t.same(texts, everyone.map((_, m) => `${what}: ${m}`).filter((_, m) => m !== n).sort(), `${n} hears everyone`)
  }
}

t.test('Trystero rooms in Chromium', { skip: await needsChromium() }, async t => {
  const browser = await launch(t)
  const open = await pages(t, browser)
  const config = (url: string, more: object = {}): SignalboxRoomConfig =>
    ({ appId: secret, rtcConfig: { iceServers: [] }, relayConfig: { urls: [url] }, ...more })

  t.test('pages meet, through a restart of the server', async t => {
    const flags = [`--store=lmdb:${await temporaryDirectory(t)}`, `--port=${await freePort()}`]
    const server = await ServerProcess.start(t, flags)
    const everyone = await Promise.all(Array.from({ length: half }, () => open(config(server.url))))
    await together(t, everyone, 'the first half')
    await server.kill()
    await together(t, everyone, 'without a server')
    // They join a server that is not there.
    everyone.push(...await Promise.all(Array.from({ length: half }, () => open(config(server.url)))))
    await ServerProcess.start(t, flags)
    await together(t, everyone, 'all')

    await everyone.pop()!.evaluate(() => window.leave())
    await together(t, everyone, 'all but one')
  })

  t.test('a server gets the headers of its own configuration only, which is the first', async t => {
    const [one, two] = [await ServerProcess.start(t, ['--store=memory:']), await ServerProcess.start(t, ['--store=memory:'])]
    const page = await open({ ...config(one.url), relayConfig: { urls: [one.url], headers: { authorization: 'one' } } })
    const requests: Array<{ method: string, url: URL, authorization: string | undefined }> = []
    page.on('request', request => { requests.push({ method: request.method(), url: new URL(request.url()), authorization: request.headers()['authorization'] }) })
    const second = { ...config(two.url), appId: createSecret(), relayConfig: { urls: [two.url], headers: { authorization: 'two' } } }
    await page.evaluate(config => { window.enter(config) }, second)
    // Both rooms announce this page.
    await until(() => new Set(requests.filter(({ method }) => method === 'POST').map(({ url }) => url.pathname)).size === 2)
    for (const { url, authorization } of requests) t.same([url.origin, authorization], [one.url, 'one'])
  })

  t.test('pages meet through two servers on one Redis, and stay when one is killed', { skip: needs('redis-server') }, async t => {
    const { url: store } = await RedisServer.start(t)
    const [one, two] = [await ServerProcess.start(t, [`--store=${store}`]), await ServerProcess.start(t, [`--store=${store}`])]
    const more = { appId: 'chess', password: secret }
    const everyone = await Promise.all(Array.from({ length: half }, () => [one, two]).flat().map(({ url }) => open(config(url, more))))
    await together(t, everyone, 'all')
    const other = { ...more, password: createSecret() }
    const strangers = [await open(config(one.url, other)), await open(config(one.url, other))]
    await together(t, strangers, 'with another password')

    await two.kill('SIGKILL')
    await together(t, everyone, 'with one server')
    const late = await open(config(one.url, more))
    await late.waitForFunction(count => window.seen.size === count, half, often)
    await late.evaluate(() => window.say('late'))
    await Promise.all(everyone.filter((_, n) => n % 2 === 0).map(page => page.waitForFunction(() => window.heard[0] === 'late', undefined, often)))
    await together(t, strangers, 'still with another password')
  })
})
