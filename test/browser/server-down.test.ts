import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test('when the server is down at the start of a call', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const start = async (before: (page: Page) => Promise<void>) => {
    const host = await visit(t, browser, url, {}, before)
    await host.page.getByRole('button', { name: 'Start a call' }).click()
    return host
  }

  await t.test('the page says what it tries, and tries at once when it is back online', async t => {
    let down = true
    const host = await start(async page => {
      // Nothing but the event brings the next attempt.
      await page.clock.install()
      await page.route(/\/boxes$/, async route => { await (down ? route.abort('connectionrefused') : route.continue()) })
    })
    const notice = host.page.locator('#notice')
    await notice.getByText(/^The server could not be reached \(1 attempt\)\. Check your internet connection\. The page keeps trying\.$/).waitFor()
    await host.page.clock.pauseAt(Date.now() + 60_000)
    down = false
    await host.page.evaluate(() => { dispatchEvent(new Event('online')) })
    await host.reaches('waiting')
    t.notOk(await notice.isVisible())
  })

  await t.test('a server that says nothing is named, too', async () => {
    const host = await start(async page => {
      await page.clock.install()
      await page.route(/\/boxes$/, () => {})
    })
    await host.reaches('opening')
    await host.page.clock.fastForward(5_000)
    await host.page.locator('#notice').getByText(/^The server has not answered yet\./).waitFor()
  })

  await t.test('after the last attempt it waits for the network, and goes on by itself', async () => {
    let down = true
    const host = await start(async page => {
      await page.clock.install()
      await page.route(/\/boxes$/, async route => { await (down ? route.abort('connectionrefused') : route.continue()) })
    })
    for (let turns = 0; turns < 40 && await host.page.locator('body').getAttribute('data-state') !== 'failed'; turns++) {
      await host.page.clock.runFor(2_000)
    }
    await host.page.getByRole('heading', { name: 'The server is not responding' }).waitFor()
    down = false
    await host.page.evaluate(() => { dispatchEvent(new Event('online')) })
    await host.reaches('waiting')
  })
})

t.test('when the server is down while a host waits, it does not show its link as if all were well', { skip }, async t => {
  const browser = await launch(t)
  const host = await visit(t, browser, await servePage(t))
  const invite = await start(host)
  await host.page.route(/\/boxes\//, route => route.abort('connectionrefused'))
  await host.page.reload()
  const notice = host.page.locator('#notice')
  await notice.getByText(/^The server could not be reached/).waitFor()
  await host.page.unroute(/\/boxes\//)
  await notice.waitFor({ state: 'hidden' })
  t.equal(await host.page.getByLabel('Invite link', { exact: true }).inputValue(), invite)
})

t.test('when the server is down during a call, whoever leaves is seen to leave', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const apart = async () => {
    const call = await inCall(t, browser, url)
    for (const { page } of [call.host, call.guest]) await page.route(/\/boxes\//, route => route.abort('connectionrefused'))
    return call
  }

  await t.test('the host', async () => {
    const { host, guest } = await apart()
    await host.page.locator('#leave').click()
    await guest.reaches('left')
  })

  await t.test('the guest', async () => {
    const { host, guest } = await apart()
    await guest.page.locator('#leave').click()
    await host.reaches('waiting')
    await host.page.getByText('The other person left').first().waitFor()
  })
})
