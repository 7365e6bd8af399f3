import t, { type Test } from 'tap'
import { inCall, join, servePage, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test('the codes of several people', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const three = async (t: Test) => {
    const { host, invite } = await inCall(t, browser, url)
    const third = await visit(t, browser, invite)
    await join(third)
    await host.page.locator('.tile').nth(1).waitFor()
    return host.page
  }

  await t.test('a second click does not confirm the code that has just taken the place of the first', async t => {
    const page = await three(t)
    await page.locator('#compare').waitFor()
    await page.locator('#matches').evaluate((button: HTMLElement) => {
      button.click()
      button.click()
    })
    t.equal(await page.locator('#digits').textContent(), '1 of 2')
    // Whoever has read the next code confirms it.
    while (await page.locator('#digits').textContent() !== '2 of 2') await page.locator('#matches').click()
    await page.locator('#compare').waitFor({ state: 'hidden' })
  })
  await t.test('nor does a click in the list, just after it has changed', async t => {
    const page = await three(t)
    await page.locator('#code summary').click()
    const buttons = page.locator('#codes button')
    await buttons.nth(1).waitFor()
    await page.locator('#codes').evaluate(list => {
      list.querySelector('button')!.click()
      list.querySelector('button')!.click()
    })
    t.equal(await page.locator('#digits').textContent(), '1 of 2')
    while (await page.locator('#digits').textContent() !== '2 of 2') await buttons.first().click()
    await buttons.first().waitFor({ state: 'hidden' })
  })
  await t.test('the list closes by Escape, and by a click beside it', async t => {
    const page = await three(t)
    const list = page.locator('#codes')
    const summary = page.locator('#code summary')
    await summary.click()
    await list.waitFor()
    await page.getByRole('button', { name: 'They match, Person 2' }).click()
    t.ok(await list.isVisible(), 'it stays while it is used')
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'hidden' })
    t.ok(await summary.evaluate(summary => document.activeElement === summary))
    await summary.click()
    await list.waitFor()
    await page.locator('#stage').click({ position: { x: 5, y: 300 } })
    await list.waitFor({ state: 'hidden' })
  })
})
