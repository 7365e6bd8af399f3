import type http from 'node:http'
import Fastify from 'fastify'
import type { BrowserContext, Frame, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { parseAddress } from '../../../clients/typescript/src/address.js'
import { Box } from '../../../clients/typescript/src/index.js'
import type { defaultTimings } from '../../../clients/typescript/src/retry.js'
import type { shareStreams as share } from '../../../clients/typescript/src/shared/index.js'
import { boxPlugin } from '../../../src/index.js'
import { launch, needsChromium, person } from '../../helpers/chromium.js'
import { patience } from '../../helpers/patience.js'
import { until } from '../../helpers/until.js'
import { serveBundle } from '../bundled-page.js'

declare const client: { Box: typeof Box, defaultTimings: typeof defaultTimings, parseAddress: typeof parseAddress, shareStreams: typeof share }
/** In a page: what has come, as `box number: message`. */
declare const taken: string[]

/** A server over HTTP/1.1 that tells which requests for streams are open. */
async function serveCounted (t: Test) {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(boxPlugin, { docs: false, rateLimit: { creates: 1000 } })
  t.teardown(() => app.close())
  const open = new Set<http.ServerResponse>()
  const counts = { shared: 0, single: 0 }
  app.server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const isShared = request.method === 'POST' && request.url === '/streams'
    if (!isShared && request.headers.accept !== 'text/event-stream') return
    counts[isShared ? 'shared' : 'single']++
    open.add(response)
    response.once('close', () => { open.delete(response) })
  })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), open, counts }
}

/** The address of a page with the client in it. */
const servePage = async (t: Test): Promise<string> => await serveBundle(t, {
  stdin: { contents: "export { Box } from './index.ts'\nexport { parseAddress } from './address.ts'\nexport { defaultTimings } from './retry.ts'\nexport { shareStreams } from './shared/index.ts'", resolveDir: 'clients/typescript/src', loader: 'ts' },
  globalName: 'client'
})

/** Follows boxes over a shared connection. On a busy machine, a stream may take long to open. */
async function follow (page: Page | Frame, links: string[]): Promise<void> {
  await page.evaluate(([links, streamOpenTimeout]) => {
    const { Box, defaultTimings, parseAddress, shareStreams } = client
    const connection = shareStreams()
    const taken: string[] = []
    Object.assign(globalThis, { taken })
    for (const link of links) {
      const box = Box.withTimings(parseAddress(link), { connection }, { ...defaultTimings, streamOpenTimeout })
      const follow = async () => { for await (const { seq, data } of box.messages()) taken.push(`${seq}: ${typeof data === 'string' ? data : typeof data}`) }
      follow().catch(error => taken.push(String(error)))
    }
  }, [links, patience] as const)
}

async function openTab (context: BrowserContext, address: string, links: string[], hasClock = false): Promise<Page> {
  const page = await context.newPage()
  if (hasClock) await page.clock.install()
  await page.goto(address)
  await follow(page, links)
  return page
}

const has = async (page: Page | Frame, count: number) => {
  await page.waitForFunction(count => taken.length >= count, count)
  return (await page.evaluate(() => taken)).toSorted()
}

t.test('in Chromium, over HTTP/1.1', { skip: await needsChromium() }, async t => {
  const browser = await launch(t)
  const address = await servePage(t)

  t.test('twenty boxes in ten tabs are read over one connection, and when the leading tab is closed, another one takes over', async t => {
    const { url, open, counts } = await serveCounted(t)
    const context = await person(t, browser)
    const owners: Box[] = []
    while (owners.length < 20) owners.push(await Box.create(url))
    const sendAll = async (value: string) => { for (const owner of owners) await owner.send(value) }

    const tabs: Page[] = []
    for (let n = 0; n < 10; n++) tabs.push(await openTab(context, address, owners.slice(2 * n, 2 * n + 2).map(({ link }) => link)))
    await sendAll('a')
    for (const tab of tabs) t.same(await has(tab, 2), ['1: a', '1: a'])
    // One request for all. It may just be replaced, with a longer list.
    await until(() => open.size === 1)
    await sendAll('b')
    for (const tab of tabs) t.same(await has(tab, 4), ['1: a', '1: a', '2: b', '2: b'])

    // The first one leads. What comes meanwhile must not be lost.
    await Promise.all([tabs.shift()!.close(), sendAll('c')])
    for (const tab of tabs) t.same(await has(tab, 6), ['1: a', '1: a', '2: b', '2: b', '3: c', '3: c'])
    await until(() => open.size === 1)

    // A tab that does not lead is forgotten, too.
    await tabs.pop()!.close()
    await sendAll('d')
    for (const tab of tabs) t.equal((await has(tab, 8)).length, 8, 'each message once')
    await until(() => open.size === 1)
    t.equal(counts.single, 0)
    for (const tab of tabs) await tab.close()
    await until(() => open.size === 0)
  })

  t.test('the end of a box in another tab is that of its loop', async t => {
    const { url } = await serveCounted(t)
    const context = await person(t, browser)
    const owners = [await Box.create(url), await Box.create(url)]
    const tabs: Page[] = []
    for (const { link } of owners) tabs.push(await openTab(context, address, [link]))
    for (const owner of owners) await owner.send('a')
    for (const tab of tabs) await has(tab, 1)
    for (const [n, owner] of owners.entries()) {
      await owner.delete()
      t.match((await has(tabs[n]!, 2))[1], /^BoxError: The box does not exist/)
    }
    // The first tab led the other one without boxes of its own, and no longer has a reason to.
    await tabs[0]!.waitForFunction(async () => (await navigator.locks.query()).held?.length === 0)
  })

  t.test('a leading tab that the browser has frozen has its place taken, and misses nothing', async t => {
    const { url, open, counts } = await serveCounted(t)
    const context = await person(t, browser)
    const owners = [await Box.create(url), await Box.create(url)]
    const sendAll = async (value: string) => { for (const owner of owners) await owner.send(value) }
    const leader = await openTab(context, address, [owners[0]!.link])
    await until(() => open.size === 1)
    const other = await openTab(context, address, [owners[1]!.link], true)
    await sendAll('a')
    for (const tab of [leader, other]) t.same(await has(tab, 1), ['1: a'])

    const devtools = await context.newCDPSession(leader)
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    const before = counts.shared
    await sendAll('b')
    // The other tab asks the leader, and gets no answer. Once it opens a stream, its clock must not jump over the deadline.
    for (let n = 0; counts.shared === before; n++) {
      if (n % 2 === 0) await new Promise(resolve => { setTimeout(resolve, 1000) })
      if (counts.shared === before) await other.clock.fastForward(n % 2 === 0 ? 60_000 : patience)
    }
    t.same(await has(other, 2), ['1: a', '2: b'])

    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
    await sendAll('c')
    for (const tab of [leader, other]) t.same(await has(tab, 3), ['1: a', '2: b', '3: c'])
  })

  t.test('a message that cannot be copied between tabs arrives in another way, and stops no other box', async t => {
    const { url, open, counts } = await serveCounted(t)
    const context = await person(t, browser)
    const owners = [await Box.create(url), await Box.create(url)]
    const leader = await openTab(context, address, [owners[0]!.link])
    await until(() => open.size === 1)
    const other = await openTab(context, address, [owners[1]!.link])
    await owners[1]!.send('a')
    await has(other, 1)
    // A browser may write the objects to the channel, and then not be able to read them.
    for (const deep of [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, `${'{"a":'.repeat(2500)}1${'}'.repeat(2500)}`]) {
      const response = await fetch(`${await owners[1]!.dropLink()}/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: deep })
      t.equal(response.status, 200)
    }
    await owners[1]!.send('c')
    await owners[0]!.send('d')
    t.same(await has(leader, 1), ['1: d'])
    t.match(await has(other, 4), ['1: a', '2: object', '3: object', '4: c'])
    t.equal(counts.single, 1)
    t.ok(counts.shared < 6, `${counts.shared} openings`)
  })

  t.test('what got lost between tabs is asked for again', async t => {
    const { url, open } = await serveCounted(t)
    const context = await person(t, browser)
    const owners = [await Box.create(url), await Box.create(url)]
    const leader = await openTab(context, address, [owners[0]!.link])
    await until(() => open.size === 1)
    const other = await openTab(context, address, [owners[1]!.link], true)
    await owners[1]!.send('a')
    await has(other, 1)
    // As if the other tab were in the back/forward cache.
    await leader.evaluate(() => {
      const { prototype } = BroadcastChannel
      const { postMessage } = prototype
      const lost = Object.assign(globalThis, { lost: 0 })
      prototype.postMessage = function (message) {
        if (message.type !== 'messages' || lost.lost++ > 0) postMessage.call(this, message)
      }
    })
    await owners[1]!.send('b')
    await leader.waitForFunction(() => Reflect.get(globalThis, 'lost') === 1)
    await other.evaluate(() => { dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })) })
    t.same(await has(other, 2), ['1: a', '2: b'])

    await leader.evaluate(() => { Object.assign(globalThis, { lost: 0 }) })
    await owners[1]!.send('c')
    await leader.waitForFunction(() => Reflect.get(globalThis, 'lost') === 1)
    await other.clock.fastForward(60_000)
    t.same(await has(other, 3), ['1: a', '2: b', '3: c'])
  })

  t.test('what no tab says is not heard', async t => {
    const { url, open, counts } = await serveCounted(t)
    const context = await person(t, browser)
    const owners = [await Box.create(url), await Box.create(url)]
    const leader = await openTab(context, address, [owners[0]!.link])
    const errors: Error[] = []
    leader.on('pageerror', error => { errors.push(error) })
    await until(() => open.size === 1)
    const other = await openTab(context, address, [owners[1]!.link])
    other.on('pageerror', error => { errors.push(error) })
    for (const owner of owners) await owner.send('a')
    for (const tab of [leader, other]) await has(tab, 1)
    await other.evaluate(async url => {
      const channel = new BroadcastChannel(`signalbox streams 2 ${url}`)
      const { held = [] } = await navigator.locks.query()
      const tabs = held.map(({ name = '' }) => name.split(' ').at(-1))
      const odd: unknown[] = [undefined, null, 7, 'add', [], {}, { type: 'add' }, { type: 'add', tab: 'x', reader: 1, box: 'y'.repeat(100), after: 0 }, { type: 'add', tab: 'x', reader: 1, box: { toString: 1 }, after: 0 }]
      for (const to of tabs) odd.push({ type: 'messages', to, reader: 1, messages: null, after: 1 }, { type: 'messages', to, reader: 1, messages: [null], after: 1 }, { type: 'fail', to, reader: 1 })
      for (const message of odd) channel.postMessage(message)
    }, url)
    for (const owner of owners) await owner.send('b')
    for (const tab of [leader, other]) t.same(await has(tab, 2), ['1: a', '2: b'])
    t.same(errors, [])
    t.equal(counts.single, 0)
  })

  t.test('a sandboxed frame, which gets no locks, has a connection of its own', async t => {
    const { url, counts } = await serveCounted(t)
    const context = await person(t, browser)
    const owner = await Box.create(url)
    const page = await context.newPage()
    await page.goto(address)
    await page.setContent(`<iframe sandbox="allow-scripts" src="${address}"></iframe>`)
    const frame = page.frames().at(-1)!
    await frame.waitForFunction(() => typeof client === 'object')
    await follow(frame, [owner.link])
    await owner.send('a')
    t.same(await has(frame, 1), ['1: a'])
    t.same(counts, { shared: 1, single: 0 })
  })
})
