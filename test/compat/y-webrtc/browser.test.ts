import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launch, needsChromium } from '../../helpers/chromium.js'
import { needs } from '../../helpers/needs.js'
import { patience } from '../../helpers/patience.js'
import { freePort, RedisServer, until } from '../../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../../helpers/server-process.js'
import { documentPage, editTogether, joinPages } from './pages.js'

const skip = await needsChromium()

/** A load balancer: connections go to the servers in turn, and to none that does not take them. */
async function balancer (t: Test, servers: ServerProcess[]): Promise<{ url: string, served: number[] }> {
  const served = servers.map(() => 0)
  let next = 0
  const server = createServer(client => {
    client.on('error', () => {})
    const attempt = (nth: number): void => {
      const upstream = connect(Number(new URL(servers[nth]!.url).port), '127.0.0.1', () => {
        served[nth]!++
        client.pipe(upstream).pipe(client)
        upstream.removeAllListeners('error').on('error', () => { client.destroy() }).on('close', () => { client.destroy() })
        client.on('close', () => { upstream.destroy() })
      })
      upstream.on('error', () => { attempt((nth + 1) % servers.length) })
    }
    attempt(next++ % servers.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, served }
}

t.test('an unmodified document of Yjs', { skip }, async t => {
  const browser = await launch(t)

  await t.test('is edited by five tabs, also after the server is killed', async t => {
    const flags = [`--port=${await freePort()}`, `--store=lmdb:${await temporaryDirectory(t)}`, '--host=127.0.0.1', '--y-webrtc=/yjs']
    const first = await ServerProcess.start(t, flags)
    const signaling = `${first.url.replace('http', 'ws')}/yjs`
    const open = (): Promise<Page> => documentPage(t, browser, first.url, signaling)
    const pages: Page[] = []
    while (pages.length < 4) await joinPages(pages, open)
    t.match(await editTogether(pages), [{ length: 4 }])

    await first.kill('SIGKILL')
    t.match(await editTogether(pages), [{ length: 8 }], 'without a server')
    await ServerProcess.start(t, flags)
    // A newcomer needs the server to find all the others.
    await joinPages(pages, open)
    t.match(await editTogether(pages), [{ length: 13 }])
  })

  await t.test('is edited by way of two servers on one Redis, also after one is killed', { skip: needs('redis-server') }, async t => {
    const redis = await RedisServer.start(t)
    const flags = [`--store=${redis.url}`, '--host=127.0.0.1', '--y-webrtc=/yjs']
    const servers = [await ServerProcess.start(t, flags), await ServerProcess.start(t, flags)]
    const { url, served } = await balancer(t, servers)
    const open = (): Promise<Page> => documentPage(t, browser, servers[1]!.url, `${url}/yjs`)
    const pages: Page[] = []
    while (pages.length < 4) await joinPages(pages, open)
    t.ok(served.every(count => count > 0), 'both servers are used')
    t.match(await editTogether(pages), [{ length: 4 }])

    await servers[0]!.kill('SIGKILL')
    // A newcomer while they return would meet an offer with its own, over which y-webrtc may not connect.
    await until(async () => served[1]! >= 4, patience)
    await joinPages(pages, open)
    t.match(await editTogether(pages), [{ length: 9 }])
  })
})
