import t from 'tap'
import type { Page } from 'playwright-core'
import { scenes } from '../gallery/scenes.js'
import { sizes } from '../gallery/sizes.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import { findings, serveGallery } from '../helpers/gallery.js'

t.test('axe finds nothing in any state of the page in Firefox', { skip: needsFirefox() }, async t => {
  const url = await serveGallery(t)
  const browser = await launchFirefox(t, { 'media.autoplay.default': 0 })
  const page = await browser.newPage()
  await page.setViewport(sizes.phone)
  for (const name of Object.keys(scenes)) {
    await page.goto(`${url}frame.html?${name}`)
    await page.waitForSelector(`[data-scene="${name}"]`)
    // What is used of a page is the same in both libraries.
    t.same(await findings(page as unknown as Page), [], name)
  }
})
