import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import t from 'tap'
import { launch, needsChromium } from '../helpers/chromium.js'
import { ServerProcess } from '../helpers/server-process.js'
import { tcpProxy } from '../helpers/tcp-proxy.js'
import { chat, happens, peerPage } from '../compat/peerjs/pages.js'
import { areConnected, documentPage, editTogether, joinPages } from '../compat/y-webrtc/pages.js'

/** How long somebody cannot reach the server, in ms. */
const OFFLINE = 60_000

t.test('unmodified applications go on after a minute offline', { skip: await needsChromium() }, async t => {
  const server = await ServerProcess.start(t, ['--store=memory:', '--host=127.0.0.1', '--peerjs=/peerjs', '--y-webrtc=/yjs'])
  let isOffline = false
  const proxy = await tcpProxy(t, server.url, () => ({ refused: isOffline }))
  const browser = await launch(t)
  const [anna, ben] = [await peerPage(t, browser, server.url, 'anna'), await peerPage(t, browser, proxy.url, 'ben')]
  await chat(anna, ben, 'ben')
  const open = (url: string) => async (): Promise<Page> => await documentPage(t, browser, server.url, `${url.replace('http', 'ws')}/yjs`)
  const pages: Page[] = []
  await joinPages(pages, open(server.url))
  await joinPages(pages, open(proxy.url))

  isOffline = true
  proxy.cut()
  const back = setTimeout(OFFLINE)
  await happens(ben, 'disconnected')
  await anna.evaluate(() => { window.client.connect('ben') })
  await happens(anna, 'error peer-unavailable')
  pages.push(await open(server.url)())
  t.match(await editTogether(pages), [{ length: 3 }], 'by way of the tab that is connected to both')
  await back
  t.equal(await pages[1]!.evaluate(() => window.provider.signalingConns[0].connected), false)
  isOffline = false

  await ben.evaluate(() => {
    window.events.length = 0
    window.client.reconnect()
  })
  await happens(ben, 'open ben')
  await chat(anna, ben, 'ben')
  await areConnected(pages)
  t.match(await editTogether(pages), [{ length: 6 }])
})
