import t from 'tap'
import { visit, type Visitor } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'
import { serve } from '../server/serve.js'
import { start } from './example.js'

const skip = await needsChromium()

const press = async ({ page }: Visitor) => await page.getByRole('button', { name: 'Start' }).click()

/** Waits until the page shows the other side's camera. @returns the code to compare */
async function sees ({ page }: Visitor): Promise<string | null> {
  await page.waitForFunction(() => [...document.querySelectorAll<HTMLVideoElement>('video:not(#self)')].some(video => video.videoWidth > 0 && !video.paused))
  const status = await page.getByRole('status').textContent()
  return /\d{6}$/.exec(String(status))?.[0] ?? null
}

t.test('two people see each other on the bundled page, through a server on another origin', { skip }, async t => {
  const { listen } = await serve(t, ['--log-level=silent'])
  const example = start(t, 'video/serve.js', [], { SERVER: `http://127.0.0.1:${await listen()}` })
  // As browsers come: a page that the user has touched may play sound.
  const browser = await launch(t, ['--autoplay-policy=document-user-activation-required'])
  const host = await visit(t, browser, await example.printed(/(http:\S+)/))
  await press(host)
  const guest = await visit(t, browser, String(await host.page.getByRole('link').textContent()))
  await press(guest)

  const codes = await Promise.all([host, guest].map(sees))
  t.match(codes[0], /^\d{6}$/)
  t.equal(codes[0], codes[1])
  t.strictSame([...host.problems, ...guest.problems], [])
})
