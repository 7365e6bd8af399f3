import t from 'tap'
import type { Page } from 'playwright-core'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import { hostIn, joinIn, servePage } from './browser-pages.js'

t.test('two Firefox users, whose browser exposes no certificates, connect and see the same code', { skip: needsFirefox() }, async t => {
  const { url } = await servePage(t)
  const browser = await launchFirefox(t)
  const open = async (link: string) => {
    // What is used of a page is the same in both libraries.
    const page = await browser.newPage() as unknown as Page
    await page.goto(link)
    return page
  }
  const host = await open(url)
  const invite = await hostIn(host)
  const guest = await open(url)
  await joinIn(guest, invite)
  await host.waitForFunction('peer')

  const [here, there] = await Promise.all([host, guest].map(async page => await page.evaluate(() => ({ code: window.peer.code, failed: window.failed }))))
  t.match(here, { code: /^\d{6}$/, failed: [] }, 'Firefox itself is taken to verify, so that this is no CALL_ERR_UNVERIFIED')
  t.strictSame(there, here)
  await host.evaluate(() => { window.peer.channel.send('hello') })
  await guest.waitForFunction('heard.includes("hello")')
})
