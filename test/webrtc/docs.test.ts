import { readFile } from 'node:fs/promises'
import t from 'tap'
import { needsChromium } from '../helpers/chromium.js'
import { pages } from './browser-pages.js'

const skip = await needsChromium()
const text = await readFile(new URL('../../docs/webrtc.md', import.meta.url), 'utf8')

/** The code of a section of the page, block by block; what it imports is global in the test's page. */
function blocks (section: string): string[] {
  const [, body = ''] = text.split(`\n## ${section}\n`)
  return [...body.split('\n## ')[0]!.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!.replaceAll(/^import .*\n/gm, ''))
}

const shown = (page: { waitForFunction: (test: string) => Promise<unknown> }, text: string) => page.waitForFunction(`heard.includes('${text}')`)

t.test('the code in docs/webrtc.md works as printed', { skip }, async t => {
  const { open } = await pages(t)
  const run = async (code: string, link?: string) => {
    const page = await open(link)
    // It goes on after this: the printed loops end with the page.
    await page.evaluate(`void (async () => {
      const server = location.origin
      const invite = location.href
      const show = text => { heard.push(text) }
      ${code}
    })().catch(error => { failed.push(error.message) })`)
    return page
  }
  const inviteOf = async (page: Awaited<ReturnType<typeof run>>) => {
    await page.waitForFunction('heard[0]')
    return String(await page.evaluate('heard[0]'))
  }

  await t.test('connected peers', async () => {
    const [hostCode, guestCode] = blocks('Connected peers')
    const host = await run(hostCode!)
    const guest = await run(guestCode!, await inviteOf(host))
    await shown(guest, 'hello guest')
    await shown(host, 'hello host')
  })

  await t.test('plain RTCPeerConnection', async () => {
    const [negotiate, hostCode, guestCode] = blocks('Plain RTCPeerConnection')
    const host = await run(`${negotiate}\n${hostCode}`)
    const guest = await run(`${negotiate}\n${guestCode}`, await inviteOf(host))
    await shown(guest, 'hello guest')
  })
})
