import t from 'tap'
import type { Page } from 'playwright-core'
import { servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** A page whose camera fails with this error until `free()`. */
const failing = (name: string) => async (page: Page) => {
  await page.clock.install()
  await page.addInitScript(name => {
    const { mediaDevices } = navigator
    const open = mediaDevices.getUserMedia.bind(mediaDevices)
    let fails = true
    Object.assign(globalThis, { free: () => { fails = false } })
    mediaDevices.getUserMedia = async constraints => {
      if (fails && constraints?.video !== undefined) throw new DOMException('', name)
      return await open(constraints)
    }
  }, name)
}

t.test('a camera that cannot be used', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  for (const [error, text] of [
    ['NotReadableError', 'The camera could not be started, probably because another program is using it. Close that program, then turn the camera on below. You can still be heard.'],
    ['NotFoundError', 'No camera was found. Connect one, then turn it on below. You can still be heard.'],
    ['NotAllowedError', 'Access to the camera is blocked. Allow it in the site settings, next to the address, then turn the camera on below. You can still be heard.']
  ] as const) {
    await t.test(`${error}: the page says why and what to do, until that has been done`, async t => {
      const host = await visit(t, browser, url, {}, failing(error))
      await start(host)
      const notice = host.page.locator('#notice')
      await notice.getByText(text, { exact: true }).waitFor()
      await host.page.clock.fastForward(60_000)
      t.ok(await notice.isVisible(), 'it stays')
      await host.page.evaluate(() => { Reflect.get(globalThis, 'free')() })
      await host.page.getByRole('button', { name: 'Camera', pressed: false }).click()
      await host.page.getByRole('button', { name: 'Camera', pressed: true }).waitFor()
      t.notOk(await notice.isVisible())
    })
  }

  await t.test('the notice can be dismissed', async t => {
    const host = await visit(t, browser, url, {}, failing('NotFoundError'))
    await start(host)
    await host.page.getByRole('button', { name: 'Dismiss' }).click()
    t.notOk(await host.page.locator('#notice').isVisible())
  })
})
