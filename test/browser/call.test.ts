import t, { type Test } from 'tap'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { code, inCall, join, say, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** Frames of the other person that were decoded up to now. */
async function frames (page: Page): Promise<number> {
  return await page.locator('.remote').evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames)
}

/** Counts how often the page asks for the camera. */
async function countRequests (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { mediaDevices } = navigator
    const open = mediaDevices.getUserMedia.bind(mediaDevices)
    Object.assign(globalThis, { asked: 0 })
    mediaDevices.getUserMedia = async constraints => {
      Object.assign(globalThis, { asked: Reflect.get(globalThis, 'asked') + 1 })
      return await open(constraints)
    }
  })
}

/** Waits until the other person's picture has gone on. */
async function keepsDecoding (page: Page): Promise<void> {
  const before = await frames(page)
  await page.waitForFunction(before => {
    const video = document.querySelector<HTMLVideoElement>('.remote')!
    return video.getVideoPlaybackQuality().totalVideoFrames > before + 10 && video.videoWidth > 0 && !video.paused
  }, before)
}

t.test('the call page in Chromium', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const visitor = async (t: Test, address = url, options?: BrowserContextOptions) => await visit(t, browser, address, options)

  const talking = async (t: Test) => await inCall(t, browser, url)

  await t.test('two people see, hear and write to each other, and compare a code', async t => {
    const { host, guest } = await talking(t)
    t.match(await code(host), /^\d{3} \d{3}$/)
    t.equal(await code(guest), await code(host))
    await keepsDecoding(host.page)
    await keepsDecoding(guest.page)
    const hears = await guest.page.waitForFunction(() => {
      const tracks = (document.querySelector<HTMLVideoElement>('.remote')!.srcObject as MediaStream).getAudioTracks()
      return tracks.length === 1 && !tracks[0]!.muted && tracks[0]!.readyState === 'live'
    })
    t.ok(await hears.jsonValue())

    await say(host, 'hello <b>you</b>')
    await guest.page.getByText('Message: hello <b>you</b>').waitFor({ state: 'attached' })
    t.match(await guest.page.getByRole('button', { name: /^Chat/ }).textContent(), /Chat\s*1/)
    await say(guest, 'hello back')
    await host.page.locator('#log li').nth(1).waitFor({ state: 'attached' })
    t.same(await host.page.locator('#log li').allTextContents(), ['You: hello <b>you</b>', 'Other: hello back'])
    await say(guest, 'see \u202Ehttps://good.example@evil.example/x')
    const link = host.page.locator('#log li bdi a')
    await link.waitFor({ state: 'attached' })
    t.equal(await link.textContent(), 'https://evil.example/x', 'a link shows where it leads')
    t.equal(await link.getAttribute('href'), 'https://evil.example/x')
    t.equal(await link.locator('strong').textContent(), 'evil.example')

    await guest.page.getByRole('button', { name: 'Camera', pressed: true }).click()
    await host.page.locator('#stage').getByText('Their camera is off').waitFor()
    await guest.page.getByRole('button', { name: 'Mic', pressed: true }).click()
    await host.page.locator('#stage').getByText('Their camera and microphone are off').waitFor()
    await guest.page.getByRole('button', { name: 'Camera', pressed: false }).click()
    await host.page.locator('#stage').getByText('Their microphone is off').waitFor()
    await keepsDecoding(host.page)

    await guest.page.getByRole('button', { name: 'Leave' }).click()
    await guest.page.getByRole('heading', { name: 'You left the call' }).waitFor()
    await host.reaches('waiting')
    await host.page.getByText('The other person left. The link still works.').first().waitFor()

    await join(guest)
    await Promise.all([host.reaches('connected'), guest.reaches('connected')])
    await host.page.getByRole('button', { name: 'Leave' }).click()
    await guest.page.getByRole('heading', { name: 'The call is over' }).waitFor()
    for (const { problems, foreign } of [host, guest]) t.same({ problems, foreign }, { problems: [], foreign: [] })
  })

  await t.test('a host that loads its page again goes on with the same link, and its guest finds back', async t => {
    const { host, guest, invite } = await talking(t)
    const before = await code(guest)
    for (const { page } of [host, guest]) await page.locator('#compare').getByText(/^Compare \d{3} \d{3} aloud with the other person\. If they match, nobody is in the middle\. If not, leave the call\.$/).waitFor()
    await guest.page.getByRole('button', { name: 'They match' }).click()
    await guest.page.locator('summary').getByText('compared').waitFor({ state: 'attached' })
    t.notOk(await guest.page.locator('#compare').isVisible(), 'it is marked as compared')
    await host.page.reload()
    await host.reaches('connected')
    await guest.page.waitForFunction(before => !['', before].includes(document.querySelector('#digits')!.textContent), before)
    t.equal(await code(guest), await code(host), 'with a new session, which has a new code')
    for (const { page } of [host, guest]) await page.locator('#compare').getByText('The connection is new, and so is its code.').waitFor()
    t.notOk(await guest.page.locator('#compared').isVisible(), 'the old mark is gone')
    await keepsDecoding(guest.page)

    await guest.page.getByRole('button', { name: 'Leave' }).click()
    await host.reaches('waiting')
    t.equal(await host.page.getByLabel('Invite link', { exact: true }).inputValue(), invite)
  })

  await t.test('a host whose link has expired is told to start a new call', async t => {
    const host = await visitor(t)
    await start(host)
    const box: string = await host.page.evaluate(() => JSON.parse(sessionStorage.getItem('signalbox')!).call.resume.link)
    t.equal((await fetch(box, { method: 'DELETE' })).status, 204)
    await host.reaches('failed')
    await host.page.getByText('The link went unused for too long. Start a new call and send its link.').waitFor()
    t.equal(await host.page.getByText(/ask for/i).count(), 0)
  })

  await t.test('a guest that loads its page again is back by itself', async t => {
    const { host, guest } = await talking(t)
    await guest.page.getByRole('button', { name: 'Mic', pressed: true }).click()
    await guest.page.reload()
    await guest.reaches('connected')
    await host.reaches('connected')
    t.equal(await code(guest), await code(host))
    for (const { page } of [host, guest]) await page.locator('#compare').getByText('so is its code').waitFor()
    await guest.page.getByRole('button', { name: 'Mic', pressed: false }).waitFor()
    await keepsDecoding(host.page)
  })

  await t.test('a link that does not work says why at once', async t => {
    const host = await visitor(t)
    const invite = await start(host)
    const answer = async (address: string) => {
      const guest = await visit(t, browser, address, {}, countRequests)
      await guest.reaches('failed')
      t.equal(await guest.page.evaluate(() => Reflect.get(globalThis, 'asked')), 0, 'before the camera is asked for')
      return await guest.page.getByRole('heading').textContent()
    }
    t.equal(await answer(invite.slice(0, -30)), 'This link is damaged')
    t.equal(await answer(invite.replace('drop_', '')), 'This link is incomplete')
    t.equal(await answer(`${url}#chapter-2`), 'This link is incomplete')
    await host.page.getByRole('button', { name: 'Leave' }).click()
    await host.page.getByRole('heading', { name: 'You left the call' }).waitFor()
    t.equal(await answer(invite), 'This invite is no longer valid')
  })

  await t.test('the link can be copied and shared, and what is written to nobody is not lost', async t => {
    const withShare = async (page: Page) => {
      await page.addInitScript(() => {
        navigator.share = async data => { Object.assign(globalThis, { shared: data?.url }) }
      })
    }
    const host = await visit(t, browser, url, { permissions: ['clipboard-read', 'clipboard-write'] }, withShare)
    const invite = await start(host)
    await host.page.getByRole('button', { name: 'Copy link' }).click()
    await host.page.getByRole('button', { name: 'Copied' }).waitFor()
    t.equal(await host.page.evaluate(() => navigator.clipboard.readText()), invite)
    await host.page.getByRole('button', { name: 'Share…' }).click()
    t.equal(await host.page.evaluate(() => Reflect.get(globalThis, 'shared')), invite)
    await host.page.getByRole('img', { name: 'QR code of the invite link' }).waitFor()

    await host.page.getByRole('button', { name: 'Chat' }).click()
    await host.page.getByLabel('Message', { exact: true }).fill('anybody there?')
    await host.page.getByRole('button', { name: 'Send' }).click()
    await host.page.getByText('Not sent: nobody else is here.').waitFor()
    t.equal(await host.page.getByLabel('Message', { exact: true }).inputValue(), 'anybody there?')
  })

  await t.test('when nobody answers, the guest is told', async t => {
    const host = await visitor(t)
    const invite = await start(host)
    await host.page.close()
    const guest = await visit(t, browser, invite, {}, page => page.clock.install())
    await join(guest)
    await guest.reaches('waiting')
    await guest.page.clock.fastForward(31_000)
    await guest.page.getByRole('heading', { name: 'Nobody answered' }).waitFor()
  })

  await t.test('without camera and microphone there is still the rest', async t => {
    const host = await visitor(t)
    const invite = await start(host)
    const refusing = await launch(t, ['--use-fake-ui-for-media-stream=deny'])
    const guest = await visit(t, refusing, invite)
    await join(guest)
    await guest.page.locator('#notice').getByText(/^Access to the camera and microphone is blocked\. Allow them .* You can still watch, listen and chat\.$/).waitFor()
    await guest.reaches('connected')
    await host.page.locator('#stage').getByText('Their camera and microphone are off').waitFor()
    await keepsDecoding(guest.page)
    await say(guest, 'I can only write')
    await host.page.locator('#log').getByText('I can only write').waitFor({ state: 'attached' })
  })

  await t.test('the keyboard is enough, and the focus goes where reading goes on', async t => {
    const { page, reaches } = await visitor(t)
    const focus = async () => await page.evaluate(() => document.activeElement?.id)
    for (let presses = 0; await focus() !== 'start-primary' && presses < 10; presses++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await reaches('waiting')
    t.equal(await focus(), 'status')
    await page.getByRole('status').getByText('Waiting for someone to join').waitFor({ state: 'attached' })
    await page.locator('#chat-toggle').press('Enter')
    t.equal(await focus(), 'chat-input')
    await page.keyboard.press('Escape')
    t.equal(await focus(), 'chat-toggle')
    await page.locator('#leave').press('Enter')
    t.equal(await focus(), 'start-title')
  })

  await t.test('a browser that cannot make calls is told so', async t => {
    const { page } = await visit(t, browser, url, {}, async page => {
      // As in WebKitGTK, which may be built without WebRTC.
      await page.addInitScript(() => {
        for (const name of Object.getOwnPropertyNames(globalThis)) {
          if (/^RTC|^MediaStream|^MediaDevices/.test(name)) Reflect.deleteProperty(globalThis, name)
        }
        Reflect.deleteProperty(Navigator.prototype, 'mediaDevices')
      })
    })
    await page.getByRole('heading', { name: 'This browser cannot make calls' }).waitFor()
    await page.getByText(/^WebRTC is missing from it or turned off/).waitFor()
    t.equal(await page.getByText(/too old/).count(), 0)
    t.equal(await page.getByRole('button').count(), 0)
  })

  await t.test('a page whose script does not come does not blame the browser', async t => {
    const { page } = await visit(t, browser, url, {}, async page => {
      await page.route(/\.js$/, async route => { await route.abort() })
    })
    await page.getByText(/^This page has not started yet\./).waitFor()
    t.equal(await page.getByText(/too old/).count(), 0)
  })
})

t.test('what needs another browser or server', { skip }, async t => {
  await t.test('a page that is not secure says so', async t => {
    const url = new URL(await servePage(t))
    const browser = await launch(t, ['--host-resolver-rules=MAP box.test 127.0.0.1'])
    const { page } = await visit(t, browser, `http://box.test:${url.port}/`)
    await page.getByRole('heading', { name: 'This page is not secure' }).waitFor()
  })

  await t.test('where there is no network path, it says whether a TURN server was tried', async t => {
    const browser = await launch(t)
    const advice = async (flags: string[]) => await noPath(t, browser, await servePage(t, flags))
    t.match(await advice([]), /has no TURN server/)
    t.match(await advice(['--turn-urls=turn:127.0.0.1:9', '--turn-secret=s']), /TURN server did not help/)
  })
})

/** A call between two browsers that may use relays only. @returns what the guest is advised */
async function noPath (t: Test, browser: Browser, url: string): Promise<string | null> {
  const relayOnly = async (page: Page) => {
    await page.clock.install()
    await page.addInitScript(() => {
      const Plain = RTCPeerConnection
      globalThis.RTCPeerConnection = class extends Plain {
        constructor (configuration?: RTCConfiguration) { super({ ...configuration, iceTransportPolicy: 'relay' }) }

        override async setRemoteDescription (description: RTCSessionDescriptionInit) {
          await super.setRemoteDescription(description)
          Object.assign(globalThis, { described: (Reflect.get(globalThis, 'described') ?? 0) + 1 })
        }
      }
    })
  }
  const host = await visit(t, browser, url, {}, relayOnly)
  const invite = await start(host)
  const guest = await visit(t, browser, invite, {}, relayOnly)
  await join(guest)
  await guest.reaches('connecting')
  for (let tries = 1; tries <= 3; tries++) {
    // Time passes once both sides have what they need, and only the path is missing.
    await guest.page.waitForFunction(tries => document.body.dataset['state'] === 'failed' || Reflect.get(globalThis, 'described') >= tries, tries, { polling: 50 })
    if (await guest.page.evaluate(() => document.body.dataset['state']) === 'failed') break
    await guest.page.clock.fastForward(21_000)
  }
  await guest.reaches('failed')
  t.equal(await guest.page.getByRole('heading').textContent(), 'Your networks cannot connect')
  return await guest.page.locator('#start-text').textContent()
}
