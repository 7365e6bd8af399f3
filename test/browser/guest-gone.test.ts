import t from 'tap'
import { join, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

t.test('a guest that closes its page while it waits leaves nothing that the host would answer', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const host = await visit(t, browser, url)
  const invite = await start(host)
  await host.page.goto('about:blank')
  const guest = await visit(t, browser, invite)
  const reading = guest.page.waitForRequest(/\/boxes\/box_/)
  await join(guest)
  const box = (await reading).url()
  await guest.reaches('waiting')
  const status = async () => (await fetch(box)).status
  t.equal(await status(), 200)
  await guest.page.goto('about:blank')
  while (await status() !== 404) await host.page.waitForTimeout(50)
})
