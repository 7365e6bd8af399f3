import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { launch, person } from '../helpers/chromium.js'
import { browserBundle } from './browser-bundle.js'
import { serve, type Server } from './serve.js'
import { stunServer } from './stun-server.js'

const require = createRequire(import.meta.url)

export interface Pages extends Server {
  /** Another person's browser, at the page of the server or at a link to it. */
  open: (link?: string) => Promise<Page>
}

/** A server with an empty page that has the product's code. */
export async function servePage (t: Test): Promise<Server> {
  const bundle = await browserBundle()
  const simplePeer = await readFile(require.resolve('simple-peer/simplepeer.min.js'), 'utf8')
  return await serve(t, {
    ice: { urls: [await stunServer(t)] },
    routes: app => {
      app.get('/', (_request, reply) => reply.type('text/html').send(
        '<!doctype html><html lang="en"><title>test</title><script src="/simple-peer.js"></script><script src="/bundle.js"></script>'))
      app.get('/bundle.js', (_request, reply) => reply.type('text/javascript').send(bundle))
      app.get('/simple-peer.js', (_request, reply) => reply.type('text/javascript').send(simplePeer))
    }
  })
}

/** That server, and a Chromium to look at its page. */
export async function pages (t: Test): Promise<Pages> {
  const server = await servePage(t)
  const browser = await launch(t)
  const open = async (link = server.url) => {
    const page = await (await person(t, browser)).newPage()
    page.on('pageerror', error => { t.fail(error.message) })
    await page.goto(link)
    return page
  }
  return { ...server, open }
}

/** Starts a call in a page. @returns the invite */
export async function hostIn (page: Page, options: object = {}): Promise<string> {
  return await page.evaluate(async options => {
    const call = await window.host({ server: location.origin, refused: error => { window.failed.push(error.code) }, ...options })
    window.follow(call)
    return call.invite
  }, options)
}

/** Joins a call in a page. @returns the ms until the data channel was open */
export async function joinIn (page: Page, invite: string): Promise<number> {
  return await page.evaluate(async invite => {
    const began = performance.now()
    window.follow(await window.join(invite))
    while (window.peer === undefined) {
      if (window.failed.length > 0) throw new Error(window.failed.join())
      await new Promise(resolve => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0) })
    }
    return performance.now() - began
  }, invite)
}

export async function say (from: Page, to: Page, words: string): Promise<void> {
  await from.evaluate(words => { window.peer.channel.send(words) }, words)
  await to.waitForFunction(words => window.heard.includes(words), words)
}
