import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type * as client from '../../clients/typescript/src/index.js'
import { launch, needsChromium, person } from '../helpers/chromium.js'
import { bufferingProxy, tcpProxy } from '../helpers/tcp-proxy.js'
import { serve } from './serve.js'

declare const Box: typeof client.Box

/** A page of another origin than the box server, with the client in it. */
async function pageWithClient (t: Test, browser: Browser): Promise<Page> {
  const { outputFiles: [file] } = await build({
    entryPoints: ['clients/typescript/src/index.ts'], bundle: true, write: false, platform: 'browser', format: 'iife', globalName: 'client'
  })
  const server = http.createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<!doctype html><script>${file!.text}; globalThis.Box = client.Box</script>`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const page = await (await person(t, browser)).newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return page
}

/** Follows a box in the page; `taken` there are the messages up to now. */
async function follow (page: Page, link: string) {
  await page.evaluate(link => {
    const taken: unknown[] = []
    Object.assign(globalThis, { taken })
    const follow = async () => { for await (const message of Box.open(link)) taken.push(message) }
    follow().catch(error => taken.push(error.code))
  }, link)
}

const taken = (page: Page, count: number) => page.waitForFunction(count => {
  const { taken } = globalThis as unknown as { taken: unknown[] }
  return taken.length >= count && taken
}, count).then(async handle => await handle.jsonValue() as unknown[])

t.test('in Chromium, on another origin', { skip: await needsChromium() }, async t => {
  const browser = await launch(t)
  const { url } = await serve(t)

  t.test('a box is deleted with one request', async t => {
    const page = await pageWithClient(t, browser)
    const deleted: Array<number | undefined> = []
    page.on('response', response => { if (response.request().method() === 'DELETE') deleted.push(response.status()) })
    await page.evaluate(async url => { await (await Box.create(url)).delete() }, url)
    t.same(deleted, [204])
  })

  t.test('two pages exchange messages over streams', async t => {
    const [host, guest] = [await pageWithClient(t, browser), await pageWithClient(t, browser)]
    const requests: string[] = []
    host.on('request', request => { requests.push(`${request.method()} ${new URL(request.url()).search}`) })
    const { link, drop } = await host.evaluate(async url => {
      const box = await Box.create(url)
      return { link: box.link, drop: await box.dropLink() }
    }, url)
    await follow(host, link)
    const acks = await guest.evaluate(async drop => {
      const box = Box.open(drop)
      return await Promise.all([{ n: 1 }, 'zwei', null].map(message => box.send(message)))
    }, drop)
    t.strictSame(acks.map(({ seq }) => seq), [1, 2, 3])
    t.strictSame(await taken(host, 3), [{ n: 1 }, 'zwei', null])
    t.equal(requests.filter(request => request === 'GET ?after=0').length, 1)
    t.notOk(requests.some(request => request.includes('wait')))

    await guest.evaluate(async link => { await Box.open(link).delete() }, link)
    t.equal((await taken(host, 4)).at(-1), 'BOX_ERR_NOT_FOUND', 'and the loop ends with the box')
  })

  t.test('a page logs in with Authorization, and creates, stores, reads and streams', async t => {
    const { url } = await serve(t, {
      guard: ({ headers }) => {
        if (headers.authorization !== 'Bearer ok' || headers['x-tenant'] !== 'one') throw Object.assign(new Error('Log in first.'), { statusCode: 401 })
      }
    })
    const page = await pageWithClient(t, browser)
    const done = await page.evaluate(async server => {
      const options = { server, headers: async () => ({ Authorization: 'Bearer ok', 'X-Tenant': 'one' }) }
      const inbox = await Box.create(server, options)
      const outbox = Box.open(await inbox.dropLink(), options)
      await outbox.send({ n: 1 })
      await outbox.send('zwei')
      const { messages } = await inbox.read()
      const streamed: unknown[] = []
      for await (const { seq, data } of inbox.messages()) {
        streamed.push(data)
        if (seq < 2) continue
        await inbox.acknowledge(seq)
        break
      }
      const left = await inbox.read()
      const stranger = Box.open(inbox.link)
      const refused: unknown[] = []
      const tries = [() => Box.create(server), () => stranger.send(1), () => stranger.read(), () => stranger.messages().next(), () => stranger.delete()]
      for (const attempt of tries) await attempt().catch(error => refused.push(error.status))
      await inbox.delete()
      return { read: messages.map(({ data }) => data), streamed, left: left.messages, refused }
    }, url)
    t.strictSame(done, { read: [{ n: 1 }, 'zwei'], streamed: [{ n: 1 }, 'zwei'], left: [], refused: [401, 401, 401, 401, 401] })
  })

  t.test('a page whose connections are cut gets each message once', async t => {
    const page = await pageWithClient(t, browser)
    const proxy = await tcpProxy(t, url)
    const link = await page.evaluate(async url => (await Box.create(url)).link, proxy.url)
    await follow(page, link)
    for (let n = 1; n <= 5; n++) {
      await page.evaluate(async ({ link, n }) => { await Box.open(link).send(n) }, { link, n })
      await taken(page, n)
      proxy.cut()
    }
    t.strictSame(await taken(page, 5), [1, 2, 3, 4, 5])
  })

  t.test('a page behind a buffering proxy switches to long-polls', async t => {
    const page = await pageWithClient(t, browser)
    const requests: string[] = []
    page.on('request', request => { requests.push(`${request.method()} ${new URL(request.url()).search}`) })
    const link = await page.evaluate(async url => (await Box.create(url)).link, await bufferingProxy(t, url))
    await follow(page, link)
    await page.evaluate(async link => { await Box.open(link).send('held back') }, link)
    t.strictSame(await taken(page, 1), ['held back'])
    t.ok(requests.includes('GET ?after=0&wait=25'))
  })
})
