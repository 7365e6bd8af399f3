// A file of 1 GiB from one call page to another in real Chromium, with the network cut five times, beside a bare data
// channel between two pages of the same browser in the same run.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { launchChromium } from '../scripts/chromium.js'
import { report, sleep, startProgram, withTempDir } from './lib.js'

const SIZE = 2 ** 30
const BARE_SIZE = 2 ** 28
const CUTS = 5

/** Writes random bytes, a few of them many times. @returns their hash */
async function writeFile (path) {
  const file = createWriteStream(path)
  const hash = createHash('sha256')
  const bytes = randomBytes(2 ** 20)
  for (let written = 0; written < SIZE; written += bytes.length) {
    bytes.writeUInt32LE(written / bytes.length)
    hash.update(bytes)
    if (!file.write(Buffer.from(bytes))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  return hash.digest('hex')
}

async function hashOf (path) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** A page whose network can be cut. Chromium can do so only with connections that it has slowed down from their start. */
async function open (browser, url) {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage()
  const session = await page.context().newCDPSession(page)
  const lose = packetLoss => session.send('Network.emulateNetworkConditions', { offline: false, latency: 1, downloadThroughput: -1, uploadThroughput: -1, packetLoss })
  await session.send('Network.enable')
  await lose(0)
  // The dialog would wait for somebody to answer it.
  await page.addInitScript(() => { Reflect.deleteProperty(globalThis, 'showSaveFilePicker') })
  await page.goto(url)
  return { page, cut: () => lose(100), mend: () => lose(0) }
}

/** Two connections, one per page, that are told each other's descriptions. @returns MB/s */
async function bare (a, b) {
  const make = async ({ page }) => {
    await page.evaluate(() => {
      const connection = window.bare = new window.RTCPeerConnection()
      window.bareChannel = connection.createDataChannel('bench', { negotiated: true, id: 0 })
      window.bareChannel.binaryType = 'arraybuffer'
      window.bareOpen = new Promise(resolve => { window.bareChannel.onopen = resolve })
    })
  }
  const gathered = ({ page }) => page.evaluate(async () => {
    const { bare } = window
    await bare.setLocalDescription()
    while (bare.iceGatheringState !== 'complete') await new Promise(resolve => { bare.addEventListener('icegatheringstatechange', resolve, { once: true }) })
    return bare.localDescription.toJSON()
  })
  const hear = ({ page }, description) => page.evaluate(async description => { await window.bare.setRemoteDescription(description) }, description)
  await make(a)
  await make(b)
  await hear(b, await gathered(a))
  await hear(a, await gathered(b))
  const received = b.page.evaluate(async size => {
    let bytes = 0
    let began
    await new Promise(resolve => {
      window.bareChannel.onmessage = ({ data }) => {
        began ??= performance.now()
        bytes += data.byteLength
        if (bytes >= size) resolve()
      }
    })
    return bytes / 1000 / (performance.now() - began)
  }, BARE_SIZE)
  await a.page.evaluate(async size => {
    const { bareChannel: channel } = window
    await window.bareOpen
    channel.bufferedAmountLowThreshold = 2 ** 19
    const piece = new Uint8Array(2 ** 16)
    for (let sent = 0; sent < size; sent += piece.length) {
      if (channel.bufferedAmount > 2 ** 21) await new Promise(resolve => { channel.onbufferedamountlow = resolve })
      channel.send(piece)
    }
  }, BARE_SIZE)
  const rate = await received
  for (const { page } of [a, b]) await page.evaluate(() => { window.bare.close() })
  return rate
}

const state = ({ page }, name) => page.waitForSelector(`body[data-state="${name}"]`, { state: 'attached', timeout: 60_000 })

async function call (browser, url) {
  const host = await open(browser, url)
  await host.page.getByRole('button', { name: 'Start a call' }).click()
  await state(host, 'waiting')
  const guest = await open(browser, await host.page.locator('#link').inputValue())
  await guest.page.getByRole('button', { name: 'Join the call' }).click()
  await state(host, 'connected')
  await state(guest, 'connected')
  return [host, guest]
}

/** @returns the ms of the whole transfer, and those for which it stood still */
async function send ([host, guest], path) {
  await host.page.locator('#file-input').setInputFiles(path)
  await guest.page.getByRole('button', { name: /^Accept/ }).click({ timeout: 60_000 })
  const began = performance.now()
  let still = 0
  const moved = () => guest.page.evaluate(() => document.querySelector('#transfers progress').position)
  for (let cuts = 1; cuts <= CUTS; cuts++) {
    while (await moved() < cuts / (CUTS + 1)) await sleep(100)
    const cut = performance.now()
    await Promise.all([host.cut(), guest.cut()])
    await state(guest, 'reconnecting')
    await Promise.all([host.mend(), guest.mend()])
    const before = await moved()
    while (await moved() === before) await sleep(100)
    still += performance.now() - cut
  }
  // It appears when all blocks have arrived and their hashes are right.
  await guest.page.getByRole('link', { name: /^Save/ }).waitFor({ timeout: 300_000 })
  return { all: performance.now() - began, still }
}

async function measure (dir) {
  const path = join(dir, 'file.bin')
  const hash = await writeFile(path)
  const server = await startProgram(dir)
  const browser = await launchChromium()
  try {
    const pages = await call(browser, server.url)
    const alone = await bare(...pages)
    const { all, still } = await send(pages, path)
    const download = pages[1].page.waitForEvent('download', { timeout: 120_000 })
    await pages[1].page.getByRole('link', { name: /^Save/ }).click()
    const equal = await hashOf(await (await download).path()) === hash
    report(`1 GiB from page to page, the network cut ${CUTS} times: hash`, equal ? 'equal' : 'DIFFERENT', 'equal')
    report('the same, while it was connected', `${(SIZE / 1000 / (all - still)).toFixed(1)} MB/s`, '')
    report('the same, with the breaks', `${(SIZE / 1000 / all).toFixed(1)} MB/s in ${(all / 1000).toFixed()} s`, '')
    report('bare data channel between the same pages, 256 MiB', `${alone.toFixed(1)} MB/s`, '')
    if (!equal) throw new Error('The file did not arrive as it was sent')
  } finally {
    await browser.close()
    await server.stop()
  }
}

export async function run () {
  await withTempDir(measure)
}
