import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'
import { needsChromium } from '../helpers/chromium.js'
import { pages } from './browser-pages.js'

const skip = await needsChromium()
const text = await readFile(new URL('../../docs/webrtc.md', import.meta.url), 'utf8')

/** The code of a section of the page, block by block, as it is printed. */
function printed (section: string): string[] {
  const [, body = ''] = text.split(`\n## ${section}\n`)
  return [...body.split('\n## ')[0]!.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!)
}

/** The same for a page that has what it imports as globals. */
function blocks (section: string): string[] {
  return printed(section).map(code => code.replaceAll(/^import .*\n/gm, ''))
}

/** The code as its user's bundler makes it, for a browser. */
async function bundled (code: string): Promise<string> {
  const { outputFiles: [bundle] } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent'
  })
  return bundle!.text
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
      const iceServers = []
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

  await t.test('simple-peer, bundled', async () => {
    const [hostCode, guestCode] = await Promise.all(printed('simple-peer').map(bundled))
    const host = await run(hostCode!)
    const guest = await run(guestCode!, await inviteOf(host))
    await shown(guest, 'hello guest')
  })

  await t.test('plain RTCPeerConnection', async () => {
    const [negotiate, hostCode, guestCode] = blocks('Plain RTCPeerConnection')
    const host = await run(`${negotiate}\n${hostCode}`)
    const guest = await run(`${negotiate}\n${guestCode}`, await inviteOf(host))
    await shown(guest, 'hello guest')
  })
})
