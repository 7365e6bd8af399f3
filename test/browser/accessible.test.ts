import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { breakable, breaks } from '../helpers/breaks.js'
import { inCall, join, mirror, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'
import { findings } from '../helpers/gallery.js'

const skip = await needsChromium()

/** Checks the page as it is now with axe. */
async function clean (t: Test, page: Page, what: string): Promise<void> {
  t.same(await findings(page), [], what)
}

/** A page whose connection breaks on demand, and stays broken for as long as axe takes on a busy machine. */
async function unhurried (page: Page): Promise<void> {
  await breakable(page)
  await page.addInitScript(() => {
    const plain = setTimeout
    const slow = (handler: TimerHandler, ms = 0, ...rest: unknown[]) => plain(handler, ms < 10_000 ? ms : ms * 100, ...rest)
    globalThis.setTimeout = slow as typeof setTimeout
  })
}

t.test('axe finds nothing', { skip }, async t => {
  const browser = await launch(t, ['--auto-select-desktop-capture-source=Entire screen'])
  const url = await servePage(t)
  for (const [colorScheme, width] of [['light', 320], ['dark', 1280]] as const) {
    await t.test(`${colorScheme}, ${width} px`, async t => {
      const options = { colorScheme, viewport: { width, height: 720 }, reducedMotion: 'reduce', bypassCSP: true } as const
      const alone = await visit(t, browser, url, options)
      await clean(t, alone.page, 'at the start')
      await mirror(alone)
      await clean(t, alone.page, 'with the mirror')
      await start(alone)
      await clean(t, alone.page, 'while waiting')

      const { host, guest, invite } = await inCall(t, browser, url, options, unhurried)
      await clean(t, host.page, 'in a call')
      await host.page.locator('#more summary').click()
      await clean(t, host.page, 'with the menu open')
      await host.page.getByRole('button', { name: 'Settings…' }).click()
      await clean(t, host.page, 'with the settings open')
      await host.page.keyboard.press('Escape')
      await host.page.locator('#settings').waitFor({ state: 'hidden' })
      await host.page.keyboard.press('s')
      await guest.page.locator('.remote.whole').waitFor()
      for (const { page } of [host, guest]) await clean(t, page, 'while a screen is shared')
      await host.page.getByRole('button', { name: 'Stop sharing' }).click()
      for (const { page } of [host, guest]) await page.locator('#chat-toggle').click()
      for (const { page } of [host, guest]) {
        await page.locator('#chat-input').fill('see https://example.org/')
        await page.keyboard.press('Enter')
      }
      await guest.page.locator('#log li').nth(1).waitFor()
      await guest.page.locator('#camera').click()
      await guest.page.locator('#mic').click()
      for (const { page } of [host, guest]) await clean(t, page, 'with a chat')

      await host.page.locator('#chat-close').click()
      await breaks(host.page, 'disconnected')
      await host.page.locator('.break').waitFor()
      await host.page.locator('#muted-hint').evaluate((hint: HTMLElement) => { hint.hidden = false })
      await clean(t, host.page, 'while the connection is broken')
      await breaks(host.page, 'connected')
      await host.reaches('connected')

      await guest.page.locator('#chat-close').click()
      for (const { page } of [host, guest]) {
        await page.locator('#file-input').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') })
      }
      for (const { page } of [host, guest]) {
        await page.locator('#transfers li').nth(1).waitFor()
        await clean(t, page, 'with files')
      }

      const third = await visit(t, browser, invite, options)
      await clean(t, third.page, 'when invited')
      await join(third)
      await Promise.all([host, guest, third].map(async ({ page }) => { await page.locator('.tile').nth(1).waitFor() }))
      await clean(t, host.page, 'with three people')
      await host.page.locator('#code summary').click()
      await clean(t, host.page, 'with their codes')
      await host.page.getByRole('button', { name: 'They match, Person 2' }).click()
      await clean(t, host.page, 'with a code that was compared')
      await host.page.locator('#code summary').click()
      await host.page.locator('#more summary').click()
      await host.page.getByRole('button', { name: 'Invite others…' }).click()
      await clean(t, host.page, 'with the invite for others')
      await host.page.keyboard.press('Escape')
      await breaks(host.page, 'disconnected')
      await host.page.locator('.tile.broken .break').waitFor()
      await clean(t, host.page, 'while one connection of several is broken')
      await host.page.locator('#leave').click()
      await clean(t, host.page, 'when asked whether to leave')
      await host.page.getByRole('button', { name: 'Stay' }).click()
      t.ok(await host.page.locator('body[data-state="connected"]').isVisible(), 'who stays is still in the call')
      await host.page.locator('#leave').click()
      await host.page.locator('#leave-dialog').getByRole('button', { name: 'Leave' }).click()
      await guest.page.locator('#notice').getByText('You can go on talking').waitFor()
      await clean(t, guest.page, 'when the host has left')
      await third.page.locator('#leave').click()
      await guest.reaches('left')
      for (const { page } of [host, guest]) await clean(t, page, 'after the call')
      const late = await visit(t, browser, invite, options)
      await late.reaches('failed')
      await clean(t, late.page, 'with a link that no longer works')
    })
  }
})
