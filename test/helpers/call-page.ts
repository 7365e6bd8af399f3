import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { serve } from '../server/serve.js'
import { person } from './chromium.js'
import { patience } from './patience.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../../scripts/build-web.js', import.meta.url))

/** Bundles the call page as it is now, gone with the test. @returns its directory, and what the script said */
export async function buildPage (t: Test): Promise<{ directory: string, said: string }> {
  const parent = await mkdtemp(joinPath(tmpdir(), 'signalbox-page-'))
  t.teardown(() => rm(parent, { recursive: true, force: true }))
  const directory = joinPath(parent, 'web')
  const { stdout } = await run(process.execPath, [script, directory])
  return { directory, said: stdout }
}

/** The real server with the call page as it is now. @returns the page's address */
export async function servePage (t: Test, flags: string[] = []): Promise<string> {
  const { directory } = await buildPage(t)
  const { listen } = await serve(t, ['--rate-limit=off', '--log-level=silent', ...flags], { page: pathToFileURL(`${directory}/`) })
  const scheme = flags.some(flag => flag.startsWith('--tls-cert=')) ? 'https' : 'http'
  return `${scheme}://127.0.0.1:${await listen()}/`
}

export interface Visitor {
  page: Page
  /** what the page's console complained of, other than answers that were refused */
  problems: string[]
  /** requests to other origins than the page's */
  foreign: string[]
  /** waits until the page is in this state of src/web/state.ts */
  reaches (state: string, timeout?: number): Promise<void>
}

/** Somebody with a browser of their own, at this address. */
export async function visit (t: Test, browser: Browser, url: string, options: BrowserContextOptions = {}, before?: (page: Page) => Promise<void>): Promise<Visitor> {
  const context = await person(t, browser, options)
  const page = await context.newPage()
  const problems: string[] = []
  const foreign: string[] = []
  page.on('pageerror', error => problems.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error' && !/status of 4\d\d|net::ERR/.test(message.text())) problems.push(message.text())
  })
  page.on('request', request => {
    if (!request.url().startsWith(new URL(url).origin)) foreign.push(request.url())
  })
  await before?.(page)
  await page.goto(url)
  return {
    page,
    problems,
    foreign,
    async reaches (state, timeout = patience) {
      await page.waitForSelector(`body[data-state="${state}"]`, { state: 'attached', timeout })
    }
  }
}

/** Starts a call. @returns its invite */
export async function start (host: Visitor): Promise<string> {
  await host.page.getByRole('button', { name: 'Start a call' }).click()
  await host.reaches('waiting')
  return await host.page.getByLabel('Invite link', { exact: true }).inputValue()
}

/** Turns on the mirror, and opens the choice of devices. */
export async function mirror ({ page }: Visitor): Promise<void> {
  await page.getByRole('button', { name: 'Turn on now' }).click()
  await page.locator('#level').waitFor()
  await page.locator('#start-choice').evaluate((choice: HTMLDetailsElement) => { choice.open = true })
  await page.getByRole('combobox', { name: 'Camera' }).waitFor()
}

export async function join (guest: Visitor): Promise<void> {
  await guest.page.getByRole('button', { name: /^Join (?:the call|again)$/ }).click()
}

/** Two people in a call. */
export async function inCall (t: Test, browser: Browser, url: string, options: BrowserContextOptions = {}, before?: (page: Page) => Promise<void>) {
  const host = await visit(t, browser, url, options, before)
  const invite = await start(host)
  const guest = await visit(t, browser, invite, options, before)
  await join(guest)
  await Promise.all([host.reaches('connected'), guest.reaches('connected')])
  return { host, guest, invite }
}

/** Writes in the chat, and closes it again. */
export async function say (who: Visitor, words: string): Promise<void> {
  await who.page.getByRole('button', { name: /^Chat/ }).click()
  await who.page.getByLabel('Message', { exact: true }).fill(words)
  await who.page.keyboard.press('Enter')
  await who.page.keyboard.press('Escape')
}

export async function code ({ page }: Visitor): Promise<string | null> {
  return await page.locator('#digits').textContent()
}
