import t from 'tap'
import type { Page } from 'playwright-core'
import { servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

const look = async (page: Page, id: string) => await page.locator(id).evaluate(button => {
  const { color, backgroundColor, boxShadow } = getComputedStyle(button)
  return { color, backgroundColor, boxShadow }
})

t.test('the buttons of a call', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)

  await t.test('a button under the pointer does not look like a device that is off', async t => {
    const host = await visit(t, browser, url, { reducedMotion: 'reduce' })
    await start(host)
    const { page } = host
    await page.getByRole('button', { name: 'Camera', pressed: true }).click()
    await page.getByRole('button', { name: 'Camera', pressed: false }).waitFor()
    await page.getByRole('button', { name: 'Mic', pressed: true }).hover()
    const [off, hovered] = [await look(page, '#camera'), await look(page, '#mic')]
    t.not(hovered.color, off.color)
    await page.mouse.move(0, 0)
    t.notSame(hovered, await look(page, '#mic'), 'and not like one that is left alone')
  })

  await t.test('a device that is off does not look like what is open', async t => {
    const host = await visit(t, browser, url, { reducedMotion: 'reduce' })
    await start(host)
    const { page } = host
    await page.getByRole('button', { name: 'Camera', pressed: true }).click()
    await page.getByRole('button', { name: 'Camera', pressed: false }).waitFor()
    await page.locator('#chat-toggle').click()
    await page.locator('#chat').waitFor()
    await page.mouse.move(0, 0)
    const [off, open] = [await look(page, '#camera'), await look(page, '#chat-toggle')]
    t.not(off.color, open.color)
    t.not(off.backgroundColor, open.backgroundColor)
  })

  await t.test('a touch leaves no trace of hovering', async t => {
    const host = await visit(t, browser, url, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' })
    await start(host)
    const { page } = host
    const before = await look(page, '#chat-toggle')
    await page.locator('#chat-toggle').tap()
    await page.locator('#chat').waitFor()
    await page.locator('#chat-toggle').tap()
    await page.locator('#chat').waitFor({ state: 'hidden' })
    t.same(await look(page, '#chat-toggle'), before)
  })
})
