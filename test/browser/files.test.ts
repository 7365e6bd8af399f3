import t, { type Test } from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { inCall, join, servePage, start, visit, type Visitor } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

const MB = 1_000_000

/** A file of random bytes, gone with the test. */
async function fileOf (t: Test, name: string, size: number) {
  const directory = await mkdtemp(joinPath(tmpdir(), 'signalbox-file-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = joinPath(directory, name)
  const bytes = randomBytes(size)
  await writeFile(path, bytes)
  return { path, name, bytes, hash: createHash('sha256').update(bytes).digest('hex') }
}

const hashOf = async (path: string) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** As in Firefox, which has no dialog to save; and with a grip on what the page makes. */
async function prepared (page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'showSaveFilePicker')
    const channels: RTCDataChannel[] = []
    const create = RTCPeerConnection.prototype.createDataChannel
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
      const channel = create.apply(this, args)
      channels.push(channel)
      return channel
    }
    Object.assign(globalThis, { channels })
  })
}

/** The connection is lost: its main channel is closed. */
async function loseAt (page: Page, share: number): Promise<void> {
  // All in the page: from here, the file may have arrived, or the connection may be back, before anyone looks.
  await page.evaluate(async share => {
    const frame = () => new Promise(resolve => { requestAnimationFrame(resolve) })
    while (document.querySelector('progress')!.position < share) await frame()
    const shown = new Promise<void>(resolve => {
      const look = (): void => { if (document.querySelector('#transfers')!.textContent!.includes('Interrupted. It will continue')) resolve() }
      new MutationObserver(look).observe(document.querySelector('#transfers')!, { subtree: true, childList: true, characterData: true })
    });
    (Reflect.get(globalThis, 'channels') as RTCDataChannel[]).findLast(({ label }) => label === 'signalbox')!.close()
    await shown
  }, share)
}

/** The network of a page, which can be cut. Chromium slows connections down only if it does so from their start. */
async function cuttable (page: Page) {
  const session = await page.context().newCDPSession(page)
  const lose = (packetLoss: number) => session.send('Network.emulateNetworkConditions', { offline: false, latency: 1, downloadThroughput: -1, uploadThroughput: -1, packetLoss })
  await session.send('Network.enable')
  await lose(0)
  return { cut: () => lose(100), mend: () => lose(0) }
}

async function talking (t: Test, browser: Browser, url: string, before = prepared) {
  const host = await visit(t, browser, url, {}, before)
  const invite = await start(host)
  const guest = await visit(t, browser, invite, {}, before)
  await join(guest)
  await Promise.all([host.reaches('connected'), guest.reaches('connected')])
  return { host, guest, invite }
}

const item = ({ page }: Visitor, name: string) => page.locator('#transfers li').filter({ hasText: name })

async function send ({ page }: Visitor, ...paths: string[]) {
  await page.locator('#file-input').setInputFiles(paths)
}

const accept = async (who: Visitor, name: string) => { await item(who, name).getByRole('button', { name: `Accept ${name}` }).click() }

/** Saves what has arrived. @returns the hash of it */
async function save (who: Visitor, name: string) {
  const download = who.page.waitForEvent('download')
  await item(who, name).getByRole('link', { name: 'Save' }).click()
  return await hashOf(await (await download).path())
}

t.test('files in a call', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)

  await t.test('go both ways, once they are accepted, and arrive as they were sent', async t => {
    const { host, guest } = await talking(t, browser, url)
    const mine = await fileOf(t, 'mine.bin', 300_000)
    const theirs = await fileOf(t, 'theirs.bin', 2.5 * MB)
    const empty = await fileOf(t, 'empty.txt', 0)
    const [chooser] = await Promise.all([host.page.waitForEvent('filechooser'), host.page.getByRole('button', { name: 'Files', exact: true }).click()])
    await chooser.setFiles([mine.path, empty.path])
    await send(guest, theirs.path)
    await item(guest, mine.name).getByText('300 kB · offered to you').waitFor()
    await item(host, theirs.name).waitFor()
    t.match(await host.page.locator('#transfers bdi').allTextContents(), [theirs.name, mine.name, empty.name], 'what the person is asked comes first')
    await accept(guest, mine.name)
    await accept(host, theirs.name)
    await accept(guest, empty.name)
    t.equal(await save(guest, mine.name), mine.hash)
    t.equal(await save(host, theirs.name), theirs.hash)
    t.equal(await save(guest, empty.name), empty.hash)
    await item(host, mine.name).getByText('sent and verified').waitFor()
    await item(guest, theirs.name).getByText('sent and verified').waitFor()

    await item(guest, mine.name).getByRole('button', { name: 'Remove' }).click()
    await item(guest, mine.name).waitFor({ state: 'detached' })
    await guest.page.locator('#leave').click()
    await guest.reaches('left')
    t.equal(await save(guest, empty.name), empty.hash, 'what was received can be saved after the call')
    for (const { problems, foreign } of [host, guest]) t.same({ problems, foreign }, { problems: [], foreign: [] })
  })

  await t.test('can be dropped on the page, and are declined or cancelled by either side', async t => {
    const { host, guest } = await talking(t, browser, url)
    const drag = async (type: string, name: string) => {
      await host.page.evaluate(({ type, name }) => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File([new Uint8Array(30_000_000)], name))
        const target = type === 'drop' ? document.querySelector('#drop')! : document.querySelector('#stage')!
        target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
      }, { type, name })
    }
    for (const [name, say] of [['declined.bin', 'Decline'], ['cancelled.bin', 'Accept'], ['stopped.bin', 'Accept']] as const) {
      await drag('dragenter', name)
      await host.page.getByText('Drop files to send them').waitFor()
      await drag('drop', name)
      t.notOk(await host.page.locator('#drop').isVisible())
      await item(guest, name).getByRole('button', { name: `${say} ${name}` }).click()
    }
    await item(host, 'declined.bin').getByText('They declined it').waitFor()
    await item(guest, 'declined.bin').waitFor({ state: 'detached' })
    await item(guest, 'cancelled.bin').getByRole('button', { name: 'Cancel' }).click()
    await item(host, 'cancelled.bin').getByText('They cancelled it').waitFor()
    await item(host, 'stopped.bin').getByRole('button', { name: 'Cancel' }).click()
    await item(guest, 'stopped.bin').getByText('They cancelled it').waitFor()
    t.equal(await guest.page.getByRole('link', { name: 'Save' }).count(), 0)
  })

  await t.test('go on after the network is cut, and after the connection is lost', async t => {
    const networks: Awaited<ReturnType<typeof cuttable>>[] = []
    const { host, guest } = await talking(t, browser, url, async page => {
      await prepared(page)
      networks.push(await cuttable(page))
    })
    const big = await fileOf(t, 'big.bin', 40 * MB)
    await send(host, big.path)
    await accept(guest, big.name)
    const reaches = (share: number) => guest.page.waitForFunction(share => document.querySelector('progress')!.position >= share, share)
    await reaches(0.1)
    for (const { cut } of networks) await cut()
    await guest.reaches('reconnecting')
    for (const { mend } of networks) await mend()
    await guest.reaches('connected')
    await loseAt(guest.page, 0.4)
    t.equal(await save(guest, big.name), big.hash)
    await item(host, big.name).getByText('sent and verified').waitFor()
  })

  await t.test('are not taken when a block is not what its hash says, and nothing is left of them', async t => {
    const { host, guest } = await talking(t, browser, url)
    await host.page.evaluate(() => {
      const digest = crypto.subtle.digest.bind(crypto.subtle)
      crypto.subtle.digest = async (algorithm, data) => {
        const result = new Uint8Array(await digest(algorithm, data))
        result[0]! ^= 1
        return result.buffer
      }
    })
    const file = await fileOf(t, 'wrong.bin', MB)
    await send(host, file.path)
    await accept(guest, file.name)
    await item(guest, file.name).getByText('It did not arrive as it was sent. Ask for it again.').waitFor()
    await item(host, file.name).getByText('It did not arrive as it was sent. Send it again.').waitFor()
    const left = await guest.page.evaluate(async () => {
      const names: string[] = []
      for await (const folder of (await navigator.storage.getDirectory()).values()) {
        for await (const name of (folder as FileSystemDirectoryHandle).keys()) names.push(name)
      }
      return names
    })
    t.same(left, [])
  })

  await t.test('are stored where the person wants, if the browser asks, even after a double click', async t => {
    const { host, guest } = await talking(t, browser, url, async page => {
      await page.addInitScript(() => {
        let choose: (() => void) | undefined
        addEventListener('choose', () => { choose!() })
        globalThis.showSaveFilePicker = async ({ suggestedName }) => {
          if (choose !== undefined) throw new DOMException('It already asks', 'NotAllowedError')
          await new Promise<void>(resolve => { choose = resolve })
          const root = await navigator.storage.getDirectory()
          return await root.getFileHandle(suggestedName, { create: true })
        }
      })
    })
    const file = await fileOf(t, 'wanted.bin', 2 * MB)
    await send(host, file.path)
    await item(guest, file.name).getByRole('button', { name: 'Accept' }).dblclick()
    await guest.page.evaluate(() => { dispatchEvent(new Event('choose')) })
    await item(guest, file.name).getByText('received and verified').waitFor()
    t.equal(await item(guest, file.name).getByRole('link').count(), 0)
    t.equal(await guest.page.evaluate(async name => {
      const file = await (await (await navigator.storage.getDirectory()).getFileHandle(name)).getFile()
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
      return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
    }, file.name), file.hash)
  })

  await t.test('what does not fit is not accepted, and what a former tab left is removed', async t => {
    const { host, guest } = await talking(t, browser, url)
    const file = await fileOf(t, 'huge.bin', 100)
    await guest.page.evaluate(() => {
      navigator.storage.estimate = async () => ({ quota: 1_050, usage: 1_000 })
    })
    const other = await fileOf(t, 'other.bin', 2 * MB)
    await send(guest, other.path)
    await send(host, file.path)
    await accept(guest, file.name)
    await guest.page.getByText('huge.bin does not fit: it is 100 bytes, and this browser has room for only 50 bytes.').waitFor()
    await accept(host, other.name)
    await item(guest, other.name).getByText('sent and verified').waitFor()
    t.ok(await guest.page.locator('#files-trouble').isVisible(), 'it is still said when another file has moved')
    await item(guest, file.name).getByRole('button', { name: 'Decline' }).click()
    await guest.page.locator('#files-trouble').waitFor({ state: 'hidden' })
    await item(host, file.name).getByText('They declined it').waitFor()

    const folders = () => guest.page.evaluate(async () => {
      const names: string[] = []
      for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name)
      return names
    })
    const [former] = await folders()
    t.match(former, /^signalbox-files-/)
    await guest.page.reload()
    while ((await folders()).includes(former!)) await guest.page.waitForTimeout(50)
  })

  await t.test('cannot be sent to nobody', async t => {
    const host = await visit(t, browser, url)
    await start(host)
    await host.page.getByRole('button', { name: 'Files', exact: true }).click()
    await host.page.getByText('Nobody is here to receive files right now.').waitFor()
    const guest = await visit(t, browser, await host.page.getByLabel('Invite link', { exact: true }).inputValue())
    await join(guest)
    await host.reaches('connected')
    await host.page.locator('#files-trouble').waitFor({ state: 'hidden' })
  })

  await t.test('of somebody who left are over', async t => {
    const { host, guest } = await inCall(t, browser, url)
    const [first, second] = [await fileOf(t, 'first.bin', 100), await fileOf(t, 'second.bin', 100)]
    await send(host, first.path, second.path)
    await item(guest, second.name).waitFor()
    await host.page.evaluate(() => {
      const region = document.getElementById('announce')!
      const told: string[] = []
      Object.assign(globalThis, { told })
      new MutationObserver(() => { told.push(region.textContent) }).observe(region, { childList: true })
    })
    await guest.page.locator('#leave').click()
    const over = 'Their page was closed or reloaded. Send it again.'
    for (const { name } of [first, second]) await item(host, name).getByText(over).waitFor()
    await host.page.waitForFunction(text => (Reflect.get(globalThis, 'told') as string[]).some(told => told.includes(text)), `first.bin: ${over} second.bin: ${over}`)
    await guest.reaches('left')
    t.equal(await guest.page.locator('#transfers li').count(), 0)
  })
})
