import t, { type Test } from 'tap'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import pixelmatch from 'pixelmatch'
import type { Browser, Page, ViewportSize } from 'playwright-core'
import { PNG } from 'pngjs'
import { scenes } from '../gallery/scenes.js'
import { sizes } from '../gallery/sizes.js'
import { launch, needsChromium, ownFontOnly, person } from '../helpers/chromium.js'
import { contactSheet, encode } from '../helpers/contact-sheet.js'
import { findings, serveGallery } from '../helpers/gallery.js'

const skip = await needsChromium()
const references = new URL('../gallery/references/', import.meta.url)
/** Where the pictures are that differ. */
const differences = new URL('../../.tap/gallery/', import.meta.url)

/** How large the pictures are, compared with the screen. */
const SCALE = 0.2

/** How much of a sheet may differ: what another processor rounds differently, but no line that is missing. */
const TOLERANCE = 0.0005

/** The first picture after it may show a video in its former size, and is thrown away. */
async function resize (page: Page, size: ViewportSize): Promise<void> {
  await page.setViewportSize(size)
  if (await page.locator('video:visible').count() > 0) await page.screenshot()
}

/** A scene in every size, and with large text; dark, too, in the smallest and the largest. */
async function picturesOf (t: Test, browser: Browser, url: string, name: string): Promise<Buffer[]> {
  const context = await person(t, browser, { viewport: sizes.phone, deviceScaleFactor: SCALE, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', error => problems.push(String(error)))
  await page.goto(`${url}frame.html?${name}`)
  await page.locator(`[data-scene="${name}"]`).waitFor()
  const pictures: Buffer[] = []
  const take = async () => { pictures.push(await page.screenshot({ animations: 'disabled' })) }
  for (const [size, viewport] of Object.entries(sizes)) {
    await resize(page, viewport)
    for (const colorScheme of size === 'phone' || size === 'desktop' ? ['light', 'dark'] as const : ['light'] as const) {
      await page.emulateMedia({ colorScheme })
      await take()
      if (`${size} ${colorScheme}` === 'phone light' || `${size} ${colorScheme}` === 'desktop dark') t.same(await findings(page), [], `axe finds nothing (${size}, ${colorScheme})`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await resize(page, sizes.phone)
  await (await context.newCDPSession(page)).send('Page.setFontSizes', { fontSizes: { standard: 32 } })
  await take()
  t.same(problems, [])
  return pictures
}

t.test('every state of the page looks as it did', { skip, jobs: 2 }, async t => {
  const url = await serveGallery(t)
  const browser = await launch(t, ['--font-render-hinting=none', '--mute-audio', '--autoplay-policy=no-user-gesture-required'], await ownFontOnly())
  for (const name of Object.keys(scenes)) {
    void t.test(name, { buffered: true }, async t => {
      const sheet = contactSheet(await picturesOf(t, browser, url, name))
      const { width, height } = sheet
      const reference = new URL(`${name}.png`, references)
      if (t.writeSnapshot) {
        await mkdir(references, { recursive: true })
        return await writeFile(reference, encode(sheet))
      }
      const before = PNG.sync.read(await readFile(reference))
      const difference = new PNG({ width, height })
      const count = before.width === width && before.height === height
        ? pixelmatch(before.data, sheet.data, difference.data, width, height, { threshold: 0.1 })
        : width * height
      if (count > TOLERANCE * width * height) {
        await mkdir(differences, { recursive: true })
        await writeFile(new URL(`${name}.now.png`, differences), encode(sheet))
        await writeFile(new URL(`${name}.difference.png`, differences), PNG.sync.write(difference))
        t.fail(`${count} pixels differ: see .tap/gallery/${name}.*.png`)
      }
    })
  }
})
