import t from 'tap'
import { join, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test("a copy of a host's tab says that the call is open in the other one, and takes it over once that is closed", { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const host = await visit(t, browser, url)
  const invite = await start(host)
  const copy = await host.page.context().newPage()
  await copy.addInitScript(saved => { sessionStorage.setItem('signalbox', saved) }, await host.page.evaluate(() => sessionStorage.getItem('signalbox')!))
  await copy.goto(url)
  await copy.getByRole('heading', { name: 'This call is open in another tab' }).waitFor()

  const guest = await visit(t, browser, invite)
  await join(guest)
  await Promise.all([host.reaches('connected'), guest.reaches('connected')])

  await host.page.close()
  await copy.getByRole('button', { name: 'Try again' }).click()
  await copy.waitForSelector('body[data-state="connected"]', { state: 'attached' })
  t.equal(await copy.locator('#link').inputValue(), invite)
  t.same(host.problems, [])
})
