import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, join, mirror, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** Longer than anything the page says. */
const LONG = 'Someone tried to join. This invite accepts no new guests for now. There were too many attempts to join, and someone may be interfering. '.repeat(2)

/** What sticks out of the window, or makes something scroll sideways. */
async function sideways (page: Page): Promise<string[]> {
  return await page.evaluate(() => [...document.querySelectorAll('body, body *')].filter(element => {
    const { left, right, width } = element.getBoundingClientRect()
    const scrolls = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth
    return width > 1 && (left < -1 || right > innerWidth + 1 || scrolls)
  }).map(({ tagName, id }) => `${tagName}#${id}`))
}

/** Controls whose name does not fit, or which lie over each other. */
async function cut (page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>('.control')].filter(control => control.getClientRects().length > 0)
    return controls.filter((control, index) => {
      const { left } = control.getBoundingClientRect()
      const before = controls[index - 1]?.getBoundingClientRect().right ?? 0
      return left < before || control.scrollWidth > control.clientWidth
    }).map(({ id, textContent }) => id || textContent || '')
  })
}

/** Opens the menu. */
async function open (page: Page): Promise<void> {
  await page.locator('#more summary').click()
}

/** Puts a text where the page shows a notice. */
async function notice (page: Page, text: string): Promise<void> {
  await page.locator('#notice').evaluate((notice: HTMLElement, text) => {
    notice.querySelector('p')!.textContent = text
    notice.hidden = false
  }, text)
}

/** What lies on top of a button, if it is not the button. */
async function covered (page: Page, button: string): Promise<string | undefined> {
  return await page.locator(button).evaluate(button => {
    const { left, top, width, height } = button.getBoundingClientRect()
    const found = document.elementFromPoint(left + width / 2, top + height / 2)
    return found === null || button.contains(found) ? undefined : `${found.tagName}#${found.id}`
  })
}

/** Whether the whole button is in the window, and nothing lies on it. */
async function atHand (page: Page, button: string): Promise<boolean> {
  return await page.locator(button).first().evaluate(button => {
    const { left, top, right, bottom } = button.getBoundingClientRect()
    return [top + 2, (top + bottom) / 2, bottom - 2].every(y => button.contains(document.elementFromPoint((left + right) / 2, y) ?? document))
  })
}

t.test('with text twice as large', { skip }, async t => {
  const browser = await launch(t, ['--blink-settings=defaultFontSize=32', '--auto-select-desktop-capture-source=Entire screen'])
  const url = await servePage(t)
  for (const width of [320, 390]) {
    await t.test(`everything can be reached in a window of ${width} px`, async t => {
      const { host, guest } = await inCall(t, browser, url, { viewport: { width, height: 800 } })
      const { page } = host
      await open(page)
      t.same(await sideways(page), [])
      t.same(await cut(page), [], 'every control has its place')
      await page.getByRole('button', { name: 'Share your screen' }).click()
      await guest.page.locator('.remote.whole').waitFor()
      await page.locator('#matches').click()
      for (const button of ['#stop-sharing', '#mic', '#camera', '#chat-toggle', '#more summary', '#leave']) {
        t.equal(await covered(page, button), undefined, `${button} is not covered`)
      }
    })
  }

  await t.test('what the person is asked can be answered at once', async t => {
    const { host, guest, invite } = await inCall(t, browser, url, { viewport: { width: 390, height: 844 } })
    const { page } = host
    t.ok(await atHand(page, '#matches'), 'whether the code is the same')
    await page.locator('#file-input').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('photo') })
    await page.locator('#transfers li').waitFor()
    await page.locator('#matches').click()
    const name = 'Garden plan, second version, with the measurements.pdf'
    await guest.page.locator('#file-input').setInputFiles({ name, mimeType: 'application/pdf', buffer: Buffer.from('plan') })
    await page.locator('.asked .primary').waitFor()
    t.ok(await atHand(page, '.asked .primary'), 'whether they want a file')
    await page.locator('.asked').getByRole('button', { name: 'Decline' }).click()

    const third = await visit(t, browser, invite)
    await join(third)
    await page.locator('.tile').nth(1).waitFor()
    await page.locator('#code summary').click()
    t.ok(await atHand(page, '#codes .button'), 'whether another code is the same')
    t.ok(await page.evaluate(() => document.querySelector('.codes')!.getBoundingClientRect().bottom <= document.querySelector('#controls')!.getBoundingClientRect().top))
  })

  await t.test('a notice leaves room for what it is about', async t => {
    const { page, ...alone } = await visit(t, browser, url, { viewport: { width: 390, height: 844 } })
    await start({ page, ...alone })
    await notice(page, LONG)
    t.ok(await atHand(page, '#dismiss'))
    t.ok(await page.locator('#notice').evaluate(notice => notice.getBoundingClientRect().height <= 0.4 * document.querySelector('#controls')!.getBoundingClientRect().top))
    await page.locator('#dismiss').click()
    await page.locator('#chat-toggle').click()
    await page.locator('#chat-input').fill('Are you there?')
    await page.keyboard.press('Enter')
    for (const control of ['#chat-input', '#chat-form button']) t.ok(await atHand(page, control), 'what is written to nobody can be changed, and sent later')
  })
})

t.test('beside an open chat, the link can be copied', { skip }, async t => {
  const browser = await launch(t)
  const host = await visit(t, browser, await servePage(t))
  await start(host)
  await host.page.locator('#chat-toggle').click()
  for (const [width, height] of [[390, 844], [844, 390]] as const) {
    await host.page.setViewportSize({ width, height })
    t.ok(await atHand(host.page, '#copy'), `${width} x ${height}`)
  }
})

t.test('on a small phone, a call can be started without scrolling', { skip }, async t => {
  const browser = await launch(t)
  const { page, ...alone } = await visit(t, browser, await servePage(t), { viewport: { width: 360, height: 640 } })
  t.ok(await page.locator('#start-primary').evaluate(button => button.getBoundingClientRect().bottom <= innerHeight))
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setFontSizes', { fontSizes: { standard: 32 } })
  t.ok(await page.locator('#check').evaluate(button => {
    const mirror = button.parentElement!.getBoundingClientRect()
    const { bottom } = button.getBoundingClientRect()
    const { top } = button.parentElement!.querySelector('p')!.getBoundingClientRect()
    return mirror.top <= top && bottom <= mirror.bottom
  }), 'what the mirror says fits into it with large text, too')
  await session.send('Page.setFontSizes', { fontSizes: { standard: 16 } })
  await mirror({ page, ...alone })
  t.ok(await atHand(page, '#start-primary'), 'also while devices are chosen')
})

t.test('nothing scrolls sideways', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  for (const width of [320, 390, 768, 1280]) {
    await t.test(`in a window of ${width} px`, async t => {
      const options = { viewport: { width, height: 700 } }
      const alone = await visit(t, browser, url, options)
      t.same(await sideways(alone.page), [], 'at the start')
      await mirror(alone)
      t.same(await sideways(alone.page), [], 'with the mirror and a choice of devices')
      await start(alone)
      await notice(alone.page, LONG)
      t.same(await sideways(alone.page), [], 'with a long notice while waiting')
      t.ok(await alone.page.locator('#copy').evaluate(copy => copy.getBoundingClientRect().right <= innerWidth), 'the invite stays on the screen')

      const { host, guest } = await inCall(t, browser, url, options)
      await notice(host.page, LONG)
      t.same(await sideways(host.page), [], 'with a long notice in a call')
      await open(host.page)
      t.same(await sideways(host.page), [], 'with the menu open')
      t.same(await cut(host.page), [], 'and every control shows its name')
      await host.page.keyboard.press('Escape')
      await host.page.evaluate(() => { for (const sign of document.querySelectorAll<HTMLElement>('.sign')) sign.hidden = false })
      t.same(await sideways(host.page), [], 'with every sign on the stage')
      for (const text of ['W'.repeat(300), `https://example.org/${'x'.repeat(300)}`]) {
        await host.page.evaluate(() => { if (document.querySelector<HTMLElement>('#chat')!.hidden) document.querySelector<HTMLElement>('#chat-toggle')!.click() })
        await host.page.locator('#chat-input').fill(text)
        await host.page.keyboard.press('Enter')
      }
      await guest.page.locator('#chat-toggle').click()
      await guest.page.locator('#log li').nth(1).waitFor()
      for (const { page } of [host, guest]) t.same(await sideways(page), [], 'with long words in the chat')
      await host.page.locator('#file-input').setInputFiles({ name: `${'W'.repeat(200)}.txt`, mimeType: 'text/plain', buffer: Buffer.from('notes') })
      for (const { page } of [host, guest]) {
        await page.locator('#transfers li').waitFor()
        t.same(await sideways(page), [], 'with a long file name')
      }
    })
  }

  await t.test('with text of twice the size', async t => {
    const { page, ...alone } = await visit(t, browser, url, { viewport: { width: 390, height: 844 } })
    await (await page.context().newCDPSession(page)).send('Page.setFontSizes', { fontSizes: { standard: 32 } })
    t.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), '32px')
    t.same(await sideways(page), [], 'at the start')
    await mirror({ page, ...alone })
    t.same(await sideways(page), [], 'with the mirror and a choice of devices')
  })
})
