import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { breakable, breaks } from '../helpers/breaks.js'
import { inCall, join, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** Whether the picture that is kept has something in it. */
const keptPicture = async (page: Page) => await page.locator('.last-picture').evaluate((canvas: HTMLCanvasElement) =>
  !canvas.hidden && canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data.some((value, index) => index % 4 !== 3 && value > 60))

const playing = (page: Page) => page.waitForFunction(() => document.querySelector<HTMLVideoElement>('.remote')!.videoWidth > 0)

t.test('a connection that breaks', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const call = async (t: Test) => {
    const people = await inCall(t, browser, url, {}, breakable)
    await Promise.all([playing(people.host.page), playing(people.guest.page)])
    return people
  }

  await t.test('the last picture stays, with what is tried and for how long, until there is a new one', async t => {
    const { host } = await call(t)
    const { page } = host
    await page.getByRole('button', { name: 'Mic', pressed: true }).click()
    await breaks(page, 'disconnected')
    await host.reaches('reconnecting')
    t.ok(await keptPicture(page))
    const line = page.locator('.break')
    await line.getByText('The connection is interrupted. Trying to restore it…').waitFor()
    await line.getByText(/^[1-9]\d* s$/).waitFor()
    await page.getByRole('status').getByText('Reconnecting… The connection is interrupted.').waitFor({ state: 'attached' })
    await breaks(page, 'connected')
    await host.reaches('connected')
    await page.locator('.last-picture').waitFor({ state: 'hidden' })
    t.notOk(await line.isVisible())
    t.ok(await page.getByRole('button', { name: 'Mic', pressed: false }).isVisible(), 'what was muted is muted')
    t.same(host.problems, [])
  })

  await t.test('a device that is offline says so, and tries again as soon as it is online', async t => {
    const { host } = await call(t)
    const { page } = host
    await breaks(page, 'disconnected')
    await page.context().setOffline(true)
    await page.locator('.break').getByText('This device is offline. The call will continue when the network is back.').waitFor()
    t.equal(await page.evaluate(() => Reflect.get(globalThis, 'restarts') ?? 0), 0)
    await page.context().setOffline(false)
    await page.locator('.break').getByText('Trying to restore it…').waitFor()
    t.ok(await page.evaluate(() => Reflect.get(globalThis, 'restarts')) >= 1)
  })

  await t.test('nothing is sent into a broken connection: what is written stays in the field', async t => {
    const { host, guest } = await call(t)
    const { page } = host
    await page.locator('#chat-toggle').click()
    await breaks(page, 'disconnected')
    await page.getByText('The connection is interrupted. You can write a message now and send it when the connection is back.').waitFor()
    await page.locator('#chat-input').fill('still there?')
    await page.keyboard.press('Enter')
    await page.getByText('Not sent: the connection is interrupted. Send it again when it is back.').waitFor()
    t.equal(await page.locator('#chat-input').inputValue(), 'still there?')
    t.equal(await page.locator('#log li').count(), 0)
    await breaks(page, 'connected')
    await page.locator('#chat-trouble').waitFor({ state: 'hidden' })
    await page.locator('#chat-input').press('Enter')
    await guest.page.locator('#log').getByText('still there?').waitFor({ state: 'attached' })
  })

  await t.test('a guest whose host is gone without a word keeps its picture, and says that it joins again', async t => {
    const host = await visit(t, browser, url)
    const invite = await start(host)
    const guest = await visit(t, browser, invite, {}, async page => { await page.clock.install() })
    await join(guest)
    await Promise.all([host.reaches('connected'), guest.reaches('connected')])
    await playing(guest.page)
    const crash = host.page.goto('chrome://crash').catch(() => {})
    await guest.reaches('reconnecting')
    await crash
    t.ok(await keptPicture(guest.page))
    for (let turns = 0; turns < 30 && !await guest.page.locator('.break').getByText('Joining the call again…').isVisible(); turns++) {
      await guest.page.clock.runFor(1_000)
    }
    await guest.page.locator('.break').getByText('The connection was lost. Joining the call again…').waitFor()
    t.ok(await keptPicture(guest.page), 'still')
  })

  await t.test('when the invite is lost during a break, the call is over for both, and no voice goes on', async t => {
    const { host, guest } = await call(t)
    const box: string = await host.page.evaluate(() => JSON.parse(sessionStorage.getItem('signalbox')!).call.resume.link)
    await breaks(host.page, 'disconnected')
    await host.reaches('reconnecting')
    t.equal((await fetch(box, { method: 'DELETE' })).status, 204)
    for (const { page, reaches } of [host, guest]) {
      await reaches('failed')
      await page.getByRole('heading', { name: 'This invite is no longer valid' }).waitFor()
    }
    t.same(host.problems, [])
  })

  await t.test('what the camera does not show is not shown in a break either', async t => {
    const { host, guest } = await call(t)
    await guest.page.locator('#camera').click()
    await host.page.locator('#stage').getByText('Their camera is off').waitFor()
    await breaks(host.page, 'disconnected')
    await host.page.locator('.break').waitFor()
    t.notOk(await host.page.locator('.last-picture').isVisible())
    t.equal(await host.page.locator('.no-picture').innerText(), 'Their camera is off')
  })

  await t.test('the last picture disappears when the person in it leaves', async t => {
    const { host, guest } = await call(t)
    const { page } = host
    await breaks(page, 'disconnected')
    await host.reaches('reconnecting')
    t.ok(await keptPicture(page))
    await guest.page.locator('#camera').click()
    await page.locator('#stage').getByText('Their camera is off').waitFor()
    await breaks(page, 'connected')
    await host.reaches('connected')
    await guest.page.locator('#leave').click()
    await host.reaches('waiting')
    t.equal(await page.locator('.last-picture').count(), 0, 'whoever comes next is not shown with it')
  })

  await t.test('what somebody said last is not taken for what the next one says', async t => {
    const host = await visit(t, browser, url, {}, async page => {
      await breakable(page)
      await page.clock.install()
    })
    const { page } = host
    const invite = await start(host)
    const first = await visit(t, browser, invite)
    await join(first)
    await Promise.all([host.reaches('connected'), first.reaches('connected')])
    await playing(page)
    await page.clock.pauseAt(await page.evaluate(() => Date.now()) + 1_000)
    await first.page.locator('#camera').click()
    await page.locator('#stage').getByText('Their camera is off').waitFor()
    // The host shows this only after a while.
    await first.page.locator('#mic').click()
    await first.page.locator('#chat-toggle').click()
    await first.page.locator('#chat-input').fill('hello?')
    await first.page.keyboard.press('Enter')
    await page.locator('#unread').waitFor()
    await breaks(page, 'disconnected')
    await host.reaches('reconnecting')

    const next = await visit(t, browser, invite)
    await join(next)
    await next.reaches('connected')
    await page.locator('.tile').nth(1).waitFor()
    await page.clock.runFor(1_000)
    t.notOk(await page.locator('.no-picture').nth(1).isVisible())
  })
})
