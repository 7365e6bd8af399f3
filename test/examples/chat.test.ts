import t from 'tap'
import { visit, type Visitor } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'
import { startServer } from './example.js'

const skip = await needsChromium()

async function say ({ page }: Visitor, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

const line = ({ page }: Visitor, text: string | RegExp) => page.getByRole('listitem').filter({ hasText: text })

t.test('a host and a guest chat on the page without a bundler', { skip }, async t => {
  const browser = await launch(t)
  const host = await visit(t, browser, `${await startServer(t, 'chat/server.js')}/`)
  const invite = await host.page.getByRole('link').textContent()
  const guest = await visit(t, browser, String(invite))

  const codes = await Promise.all([host, guest].map(async who => await line(who, /^Connected.*\d{6}$/).textContent()))
  t.equal(codes[0], codes[1])
  await say(host, 'hello <b>guest</b>')
  await line(guest, 'Them: hello <b>guest</b>').waitFor()
  await say(guest, 'hello host')
  await line(host, 'Them: hello host').waitFor()

  t.strictSame([host, guest].flatMap(({ problems, foreign }) => [...problems, ...foreign]), [])
})

t.test('the page reports an invalid invite', { skip }, async t => {
  const browser = await launch(t)
  const guest = await visit(t, browser, `${await startServer(t, 'chat/server.js')}/#nothing`)
  await line(guest, 'This link is not a valid invite').waitFor()
})
