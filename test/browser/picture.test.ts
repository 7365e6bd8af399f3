import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

async function choose (page: Page, name: string): Promise<void> {
  await page.locator('#more summary').click()
  await page.getByRole('button', { name }).click()
}

const fit = async (page: Page) => await page.locator('.remote').evaluate(video => getComputedStyle(video).objectFit)
const opacity = async (page: Page) => await page.locator('#controls').evaluate(bar => getComputedStyle(bar).opacity)

t.test("the other person's picture", { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)

  await t.test('it fills the window or is shown whole, as chosen, and the choice is remembered', async t => {
    const { host } = await inCall(t, browser, url, { viewport: { width: 1280, height: 800 } })
    const { page } = host
    t.equal(await fit(page), 'cover')
    await choose(page, 'Fill the window')
    t.equal(await fit(page), 'contain')
    await page.reload()
    await host.reaches('connected')
    t.equal(await fit(page), 'contain', 'after a reload')
    await page.locator('#more summary').click()
    await page.getByRole('button', { name: 'Fill the window', pressed: false }).click()
    t.equal(await fit(page), 'cover')
  })

  await t.test('a wide picture on an upright phone is shown whole', async t => {
    const { host } = await inCall(t, browser, url, { viewport: { width: 390, height: 844 } })
    await host.page.waitForFunction(() => document.querySelector<HTMLVideoElement>('.remote')!.videoWidth > 0)
    await host.page.locator('.remote.whole').waitFor()
    await host.page.setViewportSize({ width: 1024, height: 768 })
    await host.page.locator('.remote:not(.whole)').waitFor()
    t.equal(await fit(host.page), 'cover', 'and fills a wide window')
  })

  await t.test('it can have the full screen, where the bars go while nobody needs them', async t => {
    const { host } = await inCall(t, browser, url, { reducedMotion: 'reduce' }, async page => { await page.clock.install() })
    const { page } = host
    const isFull = async () => await page.evaluate(() => document.fullscreenElement !== null)
    await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('.remote')!.videoWidth > 0)
    await choose(page, 'Full screen')
    await page.waitForFunction(() => document.fullscreenElement !== null)
    const uncovered = await page.locator('.remote').evaluate(video => {
      const { width, height } = video.getBoundingClientRect()
      return [innerWidth - width, innerHeight - height]
    })
    t.same(uncovered, [0, 0], 'the picture covers all of it')
    await page.mouse.move(300, 300)
    t.equal(await opacity(page), '1')
    await page.locator('#stage').click({ position: { x: 20, y: 200 } })
    await page.clock.fastForward(3_500)
    t.equal(await opacity(page), '0')
    await page.mouse.move(320, 320)
    t.equal(await opacity(page), '1', 'the pointer brings them back')
    await page.keyboard.press('Tab')
    await page.clock.fastForward(3_500)
    t.equal(await opacity(page), '1', 'whoever uses the keyboard keeps them')
    await choose(page, 'Full screen')
    await page.waitForFunction(() => document.fullscreenElement === null)
    await choose(page, 'Full screen')
    await page.waitForFunction(() => document.fullscreenElement !== null)
    await page.locator('#leave').click()
    await page.waitForFunction(() => document.fullscreenElement === null)
    t.notOk(await isFull(), 'and with the call, the full screen is over')
  })

  await t.test('a key that brings the full screen leaves the focus where it is, so the bars go', async t => {
    const { host } = await inCall(t, browser, url, { reducedMotion: 'reduce' }, async page => { await page.clock.install() })
    const { page } = host
    const focus = async () => await page.evaluate(() => document.activeElement?.id)
    t.equal(await focus(), 'status')
    await page.keyboard.press('f')
    // The page hears of it later than `document.fullscreenElement` tells, and only then counts the time.
    await page.locator('[data-does="fullScreen"][aria-pressed="true"]').waitFor({ state: 'attached' })
    t.equal(await focus(), 'status')
    await page.clock.fastForward(3_500)
    t.equal(await opacity(page), '0')
  })

  await t.test('it can have a window of its own, which closes with the call', async t => {
    const { host, guest } = await inCall(t, browser, url)
    const { page } = host
    await page.locator('.remote').evaluate(async (video: HTMLVideoElement) => { while (video.readyState === 0) await new Promise(resolve => setTimeout(resolve, 20)) })
    await choose(page, 'Picture in picture')
    await page.waitForFunction(() => document.pictureInPictureElement?.matches('.remote'))
    await page.locator('#more summary').click()
    await page.getByRole('button', { name: 'Picture in picture', pressed: true }).waitFor()
    await guest.page.locator('#leave').click()
    await host.reaches('waiting')
    await page.waitForFunction(() => document.pictureInPictureElement === null)
    t.ok(await page.getByRole('button', { name: 'Picture in picture' }).isDisabled(), 'without a picture, it is not possible')
  })

  await t.test('a window that the person has given to their own picture stays, until the call is over', async t => {
    const { host, guest } = await inCall(t, browser, url)
    const { page } = host
    await page.locator('#self').evaluate(async (video: HTMLVideoElement) => {
      while (video.readyState === 0) await new Promise(resolve => setTimeout(resolve, 20))
      await video.requestPictureInPicture()
    })
    await guest.page.locator('#camera').click()
    await page.locator('.no-picture').getByText('Their camera is off').waitFor()
    t.ok(await page.evaluate(() => document.pictureInPictureElement?.id === 'self'))
    await page.locator('#leave').click()
    await page.waitForFunction(() => document.pictureInPictureElement === null)
  })

  await t.test('a browser that can do neither does not offer them', async t => {
    const host = await visit(t, browser, url, {}, async page => {
      await page.addInitScript(() => {
        for (const name of ['fullscreenEnabled', 'pictureInPictureEnabled']) Object.defineProperty(Document.prototype, name, { value: undefined })
      })
    })
    await start(host)
    await host.page.locator('#more summary').click()
    await host.page.getByRole('button', { name: 'Fill the window' }).waitFor()
    for (const name of ['Full screen', 'Picture in picture']) t.equal(await host.page.getByRole('button', { name }).count(), 0)
  })
})

t.test('the menu', { skip }, async t => {
  const browser = await launch(t)
  const host = await visit(t, browser, await servePage(t))
  await start(host)
  const { page } = host
  const open = async () => await page.locator('#menu').isVisible()
  await page.locator('#more summary').press('Enter')
  t.ok(await open())
  await page.keyboard.press('Tab')
  await page.keyboard.press('Escape')
  t.notOk(await open(), 'Escape closes it')
  t.ok(await page.locator('#more summary').evaluate(summary => summary === document.activeElement), 'and the focus is where it was')
  await page.keyboard.press('Enter')
  await page.locator('#status').click()
  t.notOk(await open(), 'so does a click elsewhere')
  await page.locator('#more summary').press('Enter')
  await page.locator('#shortcuts').focus()
  await page.keyboard.press('Tab')
  t.notOk(await open(), 'and going on to the next button')
})
