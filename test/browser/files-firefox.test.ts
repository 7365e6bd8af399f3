import t from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { servePage } from '../helpers/call-page.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'

t.test('a file goes from one Firefox to another, into its private storage', { skip: needsFirefox() }, async t => {
  const url = await servePage(t)
  const browser = await launchFirefox(t)
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-file-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const bytes = randomBytes(5_000_000)
  const path = join(directory, 'file.bin')
  await writeFile(path, bytes)

  const reaches = (page: Page, state: string) => page.waitForSelector(`body[data-state="${state}"]`)
  const open = async (link: string) => {
    const page = await browser.newPage()
    await page.goto(link)
    await (await page.waitForSelector('#start-primary'))!.click()
    return page
  }
  const host = await open(url)
  await reaches(host, 'waiting')
  const guest = await open(await host.$eval('#link', link => (link as HTMLInputElement).value))
  await Promise.all([reaches(host, 'connected'), reaches(guest, 'connected')])

  const input = await host.$('#file-input')
  await (input as Awaited<ReturnType<typeof host.$<'input'>>>)!.uploadFile(path)
  await (await guest.waitForSelector('[aria-label="Accept file.bin"]'))!.click()
  await guest.waitForSelector('[aria-label="Save file.bin"]')
  const hashes = await guest.evaluate(async () => {
    const found: string[] = []
    for await (const folder of (await navigator.storage.getDirectory()).values()) {
      for await (const file of (folder as FileSystemDirectoryHandle).values()) {
        const digest = await crypto.subtle.digest('SHA-256', await (await (file as FileSystemFileHandle).getFile()).arrayBuffer())
        found.push(Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join(''))
      }
    }
    return found
  })
  t.same(hashes, [createHash('sha256').update(bytes).digest('hex')])
})
