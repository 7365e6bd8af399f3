import t, { type Test } from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { servePage } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import { reaches, shows, storedHashes, tabsOfChromium, tabsOfFirefox, type Open, type Tab } from '../helpers/tab.js'
import { tcpProxy } from '../helpers/tcp-proxy.js'

const skip = await needsChromium() || needsFirefox()

/** A shape that no camera has. */
const SCREEN = 2.5

/** What each page is given before it starts. */
function prepared (): void {
  // An empty page, before the one that the test opens, has no devices.
  if (navigator.mediaDevices === undefined) return
  // As in Firefox, which has no dialog to save.
  Reflect.deleteProperty(globalThis, 'showSaveFilePicker')
  // Small pictures, so that two cores are enough for two browsers that encode and decode.
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = ({ video, ...rest } = {}) => open({ ...rest, ...(video && { video: { width: 320, height: 240, frameRate: 10 } }) })
  // A stand-in for the dialog, and for a screen that the machine may not have.
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1_000, height: 400 })
    const context = canvas.getContext('2d')!
    setInterval(() => {
      context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`
      context.fillRect(0, 0, 1_000, 400)
    }, 40)
    return canvas.captureStream()
  }
  // A grip on the statistics of the connections that are made.
  const Plain = RTCPeerConnection
  globalThis.RTCPeerConnection = class extends Plain {
    constructor (configuration?: RTCConfiguration) {
      super(configuration)
      Object.assign(globalThis, { connection: this })
    }
  }
}

/** Waits until more of the other person's frames are shown, of a picture of this shape (senders may scale it). */
async function sees (tab: Tab, what: 'camera' | 'screen'): Promise<void> {
  await tab.until(async ([what, screen]) => {
    const video = document.querySelector<HTMLVideoElement>('.remote')!
    for (let frames = 0; frames < 5; frames++) await new Promise(resolve => { video.requestVideoFrameCallback(resolve) })
    return (Math.abs(video.videoWidth / video.videoHeight - screen) < 0.05) === (what === 'screen')
  }, [what, SCREEN] as const)
}

/** Waits until the other person's sound has come, and it is not silence. */
async function hears (tab: Tab): Promise<void> {
  await tab.until(async () => {
    const reports = [...(await (Reflect.get(globalThis, 'connection') as RTCPeerConnection).getStats()).values()]
    return reports.some(({ type, kind, totalAudioEnergy, packetsReceived }) => type === 'inbound-rtp' && kind === 'audio' && packetsReceived > 20 && totalAudioEnergy > 0)
  }, undefined)
}

async function code (tab: Tab): Promise<string> {
  return await tab.evaluate(() => document.querySelector('#digits')!.textContent!)
}

async function sameCode (t: Test, host: Tab, guest: Tab): Promise<void> {
  await Promise.all([host, guest].map(tab => reaches(tab, 'connected')))
  const ours = await code(host)
  t.match(ours, /^\d{3} \d{3}$/)
  t.equal(await code(guest), ours)
}

async function say (from: Tab, to: Tab, words: string): Promise<void> {
  await from.fill('#chat-input', words)
  await from.press('Enter')
  await shows(to, '#log', words)
}

/** Sends a file of random bytes. @returns whether what the other side has stored is the same */
async function send (t: Test, from: Tab, to: Tab): Promise<boolean> {
  const directory = await mkdtemp(joinPath(tmpdir(), 'signalbox-file-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const bytes = randomBytes(5_000_000)
  const path = joinPath(directory, 'file.bin')
  await writeFile(path, bytes)
  await from.upload('#file-input', path)
  await to.click('[aria-label="Accept file.bin"]')
  await to.until(() => document.querySelector('[aria-label="Save file.bin"]'), undefined)
  await shows(from, '#transfers', 'sent and verified')
  return (await storedHashes(to)).includes(createHash('sha256').update(bytes).digest('hex'))
}

/** Everything that two people do in a call, in the browsers that they have. */
async function journeys (t: Test, server: string, openHost: Open, openGuest: Open): Promise<void> {
  let gone = false
  const proxy = await tcpProxy(t, server, () => ({ refused: gone }))
  const url = `${proxy.url}/`
  const [host, guest] = await Promise.all([openHost(t, prepared), openGuest(t, prepared)])
  const both = [[host, guest], [guest, host]] as const
  /** A step leads to the next one, so that nothing is learnt from those after a failure. */
  const step = async (name: string, walk: (t: Test) => Promise<void>) => { if (t.passing()) await t.test(name, walk) }

  await step('a call is started, and joined by its link; both see the same code', async t => {
    await host.goto(url)
    await host.click('#start-primary')
    await reaches(host, 'waiting')
    await guest.goto(await host.evaluate(() => document.querySelector<HTMLInputElement>('#link')!.value))
    await guest.click('#start-primary')
    await sameCode(t, host, guest)
  })

  await step('pictures and sound arrive', async () => {
    await Promise.all([host, guest].flatMap(tab => [sees(tab, 'camera'), hears(tab)]))
  })

  await step('a chat goes both ways', async () => {
    for (const tab of [host, guest]) await tab.click('#chat-toggle')
    for (const [from, to] of both) await say(from, to, 'hello')
    for (const tab of [host, guest]) await tab.press('Escape')
  })

  await step('what is turned off is seen to be off, and comes back', async () => {
    for (const [from, to] of both) {
      await from.click('#camera')
      await shows(to, '.no-picture', 'Their camera is off')
      await from.click('#mic')
      await shows(to, '.no-picture', 'Their camera and microphone are off')
      await from.click('#camera')
      await shows(to, '.no-picture', 'Their microphone is off')
      await sees(to, 'camera')
      await from.click('#mic')
      await to.until(() => document.querySelector<HTMLElement>('.no-picture')!.hidden, undefined)
    }
  })

  await step('a screen takes the place of the camera, and gives it back', async () => {
    for (const [from, to] of both) {
      await from.click('[data-does="screen"]')
      await sees(to, 'screen')
      await from.click('#stop-sharing')
      await sees(to, 'camera')
    }
  })

  await step('files go both ways, and arrive as they were sent', async t => {
    for (const [from, to] of both) t.ok(await send(t, from, to))
  })

  await step('the server may be gone for a while', async () => {
    gone = true
    proxy.cut()
    for (const tab of [host, guest]) await tab.click('#chat-toggle')
    for (const [from, to] of both) await say(from, to, 'still there?')
    await guest.press('Escape')
    await guest.click('#mic')
    await shows(host, '.no-picture', 'Their microphone is off')
    await Promise.all([host, guest].map(tab => sees(tab, 'camera')))
    gone = false
  })

  for (const [who, tab] of [['guest', guest], ['host', host]] as const) {
    await step(`a ${who} that loads its page again is back by itself`, async t => {
      const before = await code(host)
      await tab.reload()
      await reaches(tab, 'connected')
      for (const tab of [host, guest]) await tab.until(before => !['', before].includes(document.querySelector('#digits')!.textContent!), before)
      await sameCode(t, host, guest)
      await Promise.all([host, guest].map(tab => sees(tab, 'camera')))
    })
  }

  await step('a guest is seen to leave, and joins again', async t => {
    await guest.click('#leave')
    await reaches(guest, 'left')
    await reaches(host, 'waiting')
    await shows(host, '#notice', 'The other person left')
    await guest.click('#start-primary')
    await sameCode(t, host, guest)
  })

  await step('a host is seen to leave, even without the server', async () => {
    gone = true
    proxy.cut()
    await host.click('#leave')
    await Promise.all([host, guest].map(tab => reaches(tab, 'left')))
    await shows(guest, '#start-title', 'The call is over')
  })

  for (const { problems } of [host, guest]) t.same(problems, [])
}

t.test('a call', { skip }, async t => {
  const url = (await servePage(t)).replace(/\/$/, '')
  const browsers = {
    Chromium: tabsOfChromium(await launch(t)),
    Firefox: tabsOfFirefox(await launchFirefox(t))
  }
  for (const [host, openHost] of Object.entries(browsers)) {
    for (const [guest, openGuest] of Object.entries(browsers)) {
      await t.test(`from ${host} to ${guest}`, async t => { await journeys(t, url, openHost, openGuest) })
    }
  }
})
