import t from 'tap'
import { inCall, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test('keyboard shortcuts', { skip }, async t => {
  const browser = await launch(t, ['--auto-select-desktop-capture-source=Entire screen'])
  const url = await servePage(t)

  await t.test('single keys turn things on and off', async t => {
    const { host } = await inCall(t, browser, url)
    const { page } = host
    const pressed = async (name: string, pressed: boolean) => { await page.getByRole('button', { name, pressed }).waitFor() }
    for (const on of [false, true]) {
      await page.keyboard.press('m')
      await pressed('Mic', on)
      await page.keyboard.press('v')
      await pressed('Camera', on)
    }
    await page.keyboard.press('s')
    await pressed('Share', true)
    await page.keyboard.press('S')
    await pressed('Share', false)
    for (const full of [true, false]) {
      await page.keyboard.press('f')
      await page.waitForFunction(full => (document.fullscreenElement !== null) === full, full)
    }
    t.same(host.problems, [])
  })

  await t.test('a letter that is typed, or belongs to a shortcut of the browser, is only that', async t => {
    const { host } = await inCall(t, browser, url)
    const { page } = host
    await page.locator('#chat-toggle').click()
    await page.keyboard.type('mvsf')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+m')
    await page.keyboard.press('Alt+v')
    for (const name of ['Mic', 'Camera']) t.ok(await page.getByRole('button', { name, pressed: true }).isVisible())
    t.equal(await page.locator('#chat-input').inputValue(), 'mvsf')
  })

  await t.test('they are listed, and can be turned off for good', async t => {
    const { host } = await inCall(t, browser, url)
    const { page } = host
    t.equal(await page.locator('#mic').getAttribute('title'), 'Microphone (m)')
    t.equal(await page.locator('#mic').getAttribute('aria-keyshortcuts'), 'm')
    await page.locator('#more summary').click()
    t.same(await page.locator('#keys > *').allTextContents(), ['m', 'Microphone', 'v', 'Camera', 's', 'Share your screen', 'f', 'Full screen'])
    await page.getByLabel('Keyboard shortcuts').uncheck()
    t.notOk(await page.locator('#keys').isVisible())
    t.equal(await page.locator('#mic').getAttribute('title'), 'Microphone')
    await page.reload()
    await host.reaches('connected')
    await page.getByRole('button', { name: 'Mic', pressed: true }).waitFor()
    await page.keyboard.press('m')
    t.ok(await page.getByRole('button', { name: 'Mic', pressed: true }).isVisible())
  })

  await t.test('before a call, they do nothing', async t => {
    const { page, problems } = await visit(t, browser, url, {}, async page => {
      await page.addInitScript(() => {
        const asked: string[] = []
        Object.assign(globalThis, { asked })
        for (const [owner, name] of [[MediaDevices.prototype, 'getUserMedia'], [MediaDevices.prototype, 'getDisplayMedia'], [Element.prototype, 'requestFullscreen']] as const) {
          Object.assign(owner, { [name]: async () => { asked.push(name) } })
        }
      })
    })
    await page.getByRole('button', { name: 'Start a call' }).waitFor()
    const saved = async () => await page.evaluate(() => ({ ...sessionStorage, ...localStorage }))
    const before = await saved()
    for (const key of ['m', 'v', 's', 'f']) await page.keyboard.press(key)
    t.same(await page.evaluate(() => Reflect.get(globalThis, 'asked')), [], 'no device is opened, and nothing fills the screen')
    t.same(await saved(), before, 'and what the call starts with stays as it is')
    t.ok(await page.getByRole('button', { name: 'Start a call' }).isVisible())
    t.same(problems, [])
  })

  await t.test('they are not listed where there is no keyboard', async () => {
    for (const [touch, listed] of [[true, false], [false, true]] as const) {
      const host = await visit(t, browser, url, { hasTouch: touch, isMobile: touch, viewport: { width: 390, height: 844 } })
      await start(host)
      await host.page.locator('#more summary').click()
      await host.page.getByRole('button', { name: 'Full screen' }).waitFor()
      t.equal(await host.page.locator('#keyboard').isVisible(), listed)
    }
  })
})
