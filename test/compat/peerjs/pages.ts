import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { person } from '../../helpers/chromium.js'

/** The client as its package has it. */
const CLIENT = createRequire(import.meta.url).resolve('peerjs/dist/peerjs.min.js')

/** What the pages keep in their window. */
declare global {
  interface Window {
    Peer: any
    client: any
    events: string[]
    heard: string[]
    connection: any
    framesSeen: () => number
  }
}

/** A page with the unmodified client, at a server of ours, with a peer that is open. */
export async function peerPage (t: Test, browser: Browser, url: string, id: string): Promise<Page> {
  const page = await (await person(t, browser, { bypassCSP: true })).newPage()
  page.on('pageerror', error => { t.fail(error.message) })
  await page.goto(`${url}/health/live`)
  await page.addScriptTag({ path: CLIENT })
  await page.evaluate(async ({ id, port }) => {
    window.events = []
    window.heard = []
    window.framesSeen = () => 0
    // The one line that an application changes.
    const peer = window.client = new window.Peer(id, { host: '127.0.0.1', port, path: '/peerjs', config: { iceServers: [] } })
    const follow = (connection: any): void => {
      window.connection = connection
      connection.on('open', () => { window.events.push('connected') })
      connection.on('data', (data: unknown) => { window.heard.push(JSON.stringify(data)) })
    }
    window.client.follow = follow
    peer.on('connection', follow)
    peer.on('open', (id: string) => { window.events.push(`open ${id}`) })
    peer.on('disconnected', () => { window.events.push('disconnected') })
    peer.on('error', (error: { type: string }) => { window.events.push(`error ${error.type}`) })
    const picture = () => navigator.mediaDevices.getUserMedia({ video: true, audio: true })
    const show = (stream: MediaStream): void => {
      const video = document.body.appendChild(document.createElement('video'))
      video.muted = true
      video.srcObject = stream
      void video.play()
      window.framesSeen = () => video.getVideoPlaybackQuality().totalVideoFrames
    }
    peer.on('call', async (call: any) => {
      call.on('stream', show)
      call.answer(await picture())
    })
    peer.ring = async (other: string) => { peer.call(other, await picture()).on('stream', show) }
  }, { id, port: Number(new URL(url).port) })
  await happens(page, `open ${id}`)
  return page
}

/** Waits until the client reports this. */
export async function happens (page: Page, event: string): Promise<void> {
  await page.waitForFunction(event => window.events.includes(event), event)
}

let words = 0

/** Connects one page to the peer of another, and says something both ways. */
export async function chat (from: Page, to: Page, id: string): Promise<void> {
  for (const page of [from, to]) await page.evaluate(() => { window.events = window.events.filter(event => event !== 'connected') })
  await from.evaluate(id => { window.client.follow(window.client.connect(id)) }, id)
  for (const [speaker, listener] of [[from, to], [to, from]] as const) {
    await happens(speaker, 'connected')
    const word = `word ${++words}`
    await speaker.evaluate(word => { window.connection.send({ word }) }, word)
    await listener.waitForFunction(word => window.heard.includes(JSON.stringify({ word })), word)
  }
}

/** Calls the peer, and waits until both see each other move. */
export async function call (from: Page, to: Page, id: string): Promise<void> {
  for (const page of [from, to]) await page.evaluate(() => { window.framesSeen = () => 0 })
  await from.evaluate(id => window.client.ring(id), id)
  for (const page of [from, to]) await page.waitForFunction(() => window.framesSeen() > 5)
}
