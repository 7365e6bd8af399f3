import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { person } from '../../helpers/chromium.js'

/** What the pages keep in their window. */
declare global {
  interface Window {
    Doc: any
    WebrtcProvider: any
    provider: any
    list: any
  }
}

const bundled = build({
  entryPoints: [join(import.meta.dirname, 'document-entry.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  define: { global: 'window' },
  logLevel: 'error'
}).then(({ outputFiles: [bundle] }) => bundle!.text)

/** A tab with a document of the application, in a browser of its own, so that only the network connects it to others. */
export async function documentPage (t: Test, browser: Browser, origin: string, signaling: string): Promise<Page> {
  const page = await (await person(t, browser, { bypassCSP: true })).newPage()
  page.on('pageerror', error => { t.fail(error.message) })
  await page.goto(`${origin}/health/live`)
  await page.addScriptTag({ content: await bundled })
  await page.evaluate(signaling => {
    const doc = new window.Doc()
    window.list = doc.getArray('list')
    // The one line that an application changes.
    window.provider = new window.WebrtcProvider('our-document', doc, { signaling: [signaling], password: 'secret', peerOpts: { config: { iceServers: [] } } })
  }, signaling)
  return page
}

/** Opens one more tab, and waits until all are connected. */
export async function joinPages (pages: Page[], open: () => Promise<Page>): Promise<void> {
  // Of two that come at the same moment, each offers a connection, and y-webrtc may end up with neither, also with its own server.
  for (const page of pages) await page.waitForFunction(() => window.provider.signalingConns[0].connected)
  pages.push(await open())
  await areConnected(pages)
}

/** Waits until each tab is connected to all others by WebRTC. */
export async function areConnected (pages: Page[]): Promise<void> {
  for (const page of pages) {
    await page.waitForFunction(others => {
      const { webrtcConns, bcConns } = window.provider.room ?? {}
      return bcConns?.size === 0 && [...webrtcConns.values()].filter(({ connected }) => connected).length === others
    }, pages.length - 1)
  }
}

let edits = 0

/** Every tab edits the document at the same time, and all come to have the same. */
export async function editTogether (pages: Page[]): Promise<unknown[]> {
  const words = pages.map(() => `edit ${++edits}`)
  await Promise.all(pages.map((page, nth) => page.evaluate(word => { window.list.insert(0, [word]) }, words[nth]!)))
  await Promise.all(pages.map(page => page.waitForFunction(words => words.every(word => window.list.toArray().includes(word)), words)))
  const contents = await Promise.all(pages.map(page => page.evaluate(() => JSON.stringify(window.list.toArray()))))
  return [...new Set(contents)].map(content => JSON.parse(content))
}
