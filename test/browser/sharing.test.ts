import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { breakable, breaks } from '../helpers/breaks.js'
import { inCall, join, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** A shape that no camera has. */
const SCREEN = { width: 1000, height: 400 }

/** A stand-in for the browser's dialog: it shares a canvas, or is cancelled, or fails. */
async function canvas (page: Page): Promise<void> {
  await page.addInitScript(({ width, height }) => {
    navigator.mediaDevices.getDisplayMedia = async () => {
      const error = Reflect.get(globalThis, 'refusal')
      if (error !== undefined) throw error
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const context = canvas.getContext('2d')!
      setInterval(() => {
        context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`
        context.fillRect(0, 0, width, height)
      }, 40)
      const stream = canvas.captureStream()
      Object.assign(globalThis, { shared: stream.getVideoTracks()[0] })
      return stream
    }
  }, SCREEN)
}

/** Waits until the other side gets a picture of this shape (senders may scale it). @returns how it is put into the stage */
async function sees (page: Page, what: 'screen' | 'camera'): Promise<string> {
  await page.waitForFunction(([what, shape]) => {
    const { videoWidth = 0, videoHeight = 0 } = document.querySelector<HTMLVideoElement>('.remote') ?? {}
    return videoWidth > 0 && (Math.abs(videoWidth / videoHeight - shape) < 0.05) === (what === 'screen')
  }, [what, SCREEN.width / SCREEN.height] as const)
  return await page.locator('.remote').first().evaluate(video => getComputedStyle(video).objectFit)
}

t.test('sharing the screen', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)
  const call = async (t: Test, width = 1280) => {
    const people = await inCall(t, browser, url, { viewport: { width, height: 800 } }, async page => {
      await canvas(page)
      await breakable(page)
    })
    await sees(people.guest.page, 'camera')
    return people
  }

  await t.test('the other person gets the whole screen, and the camera again after it', async t => {
    const { host, guest } = await call(t)
    await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
    await host.page.getByText('You are sharing your screen.').waitFor()
    t.equal(await sees(guest.page, 'screen'), 'contain', 'nothing of it is cut off')
    await guest.page.getByRole('status').getByText('The other person is sharing their screen').waitFor({ state: 'attached' })
    t.equal(await host.page.locator('#self').evaluate((video: HTMLVideoElement) => `${video.videoWidth} ${getComputedStyle(video).transform}`), `${SCREEN.width} none`, 'its own preview is not mirrored')
    t.equal(await host.page.evaluate(() => (Reflect.get(globalThis, 'shared') as MediaStreamTrack).contentHint), 'detail')

    await host.page.getByRole('button', { name: 'Stop sharing' }).click()
    t.equal(await sees(guest.page, 'camera'), 'cover')
    t.equal(await host.page.evaluate(() => (Reflect.get(globalThis, 'shared') as MediaStreamTrack).readyState), 'ended')
    t.notOk(await host.page.locator('#sharing').isVisible())
    for (const { problems } of [host, guest]) t.same(problems, [])
  })

  await t.test("the browser's own button stops it too", async t => {
    const { host, guest } = await call(t)
    await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
    await sees(guest.page, 'screen')
    await host.page.evaluate(() => {
      const track = Reflect.get(globalThis, 'shared') as MediaStreamTrack
      track.stop()
      track.dispatchEvent(new Event('ended'))
    })
    await sees(guest.page, 'camera')
    await host.page.getByRole('button', { name: 'Share', pressed: false }).waitFor()
  })

  await t.test('a screen is seen while the camera is off, and the camera stays off after it', async t => {
    const { host, guest } = await call(t)
    await host.page.getByRole('button', { name: 'Camera', pressed: true }).click()
    await guest.page.locator('#stage').getByText('Their camera is off').waitFor()
    await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
    await sees(guest.page, 'screen')
    t.notOk(await guest.page.getByText('Their camera is off').isVisible())
    await host.page.getByRole('button', { name: 'Share', pressed: true }).click()
    await guest.page.locator('#stage').getByText('Their camera is off').waitFor()
  })

  await t.test('nobody who comes later sees it', async t => {
    const { host, guest } = await call(t)
    await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
    await sees(guest.page, 'screen')
    await guest.page.getByRole('button', { name: 'Leave' }).click()
    await host.reaches('waiting')
    t.equal(await host.page.evaluate(() => (Reflect.get(globalThis, 'shared') as MediaStreamTrack).readyState), 'ended')
    t.ok(await host.page.getByRole('button', { name: 'Share' }).isDisabled(), 'and there is nobody to share it with')
  })

  await t.test('nor does whoever takes the place of somebody whose connection is lost', async t => {
    const { host, guest, invite } = await call(t)
    const { page } = host
    await page.getByRole('button', { name: 'Share', pressed: false }).click()
    await sees(guest.page, 'screen')
    await breaks(page, 'disconnected')
    await host.reaches('reconnecting')
    t.ok(await page.locator('#sharing').isVisible(), 'a connection that is restored goes on with it')

    const next = await visit(t, browser, invite, {}, async page => {
      await page.addInitScript(() => {
        const shapes: number[] = []
        Object.assign(globalThis, { shapes })
        for (const event of ['loadedmetadata', 'resize']) {
          document.addEventListener(event, ({ target }) => {
            if (target instanceof HTMLVideoElement && target.className.includes('remote')) shapes.push(target.videoWidth / target.videoHeight)
          }, { capture: true })
        }
      })
    })
    await join(next)
    await sees(next.page, 'camera')
    const shapes: number[] = await next.page.evaluate(() => Reflect.get(globalThis, 'shapes'))
    t.ok(shapes.length > 0)
    t.same(shapes.filter(shape => shape > 2), [], 'not even for a moment')
    t.equal(await page.evaluate(() => (Reflect.get(globalThis, 'shared') as MediaStreamTrack).readyState), 'ended')
    const why = /^Your screen is no longer shared: .*someone else may have joined/
    await page.locator('#notice').getByText(why).waitFor()
    await page.getByRole('status').getByText('Your screen is no longer shared').waitFor({ state: 'attached' })

    await page.getByRole('button', { name: 'Share', pressed: false }).click()
    await sees(next.page, 'screen')
    t.notOk(await page.locator('#notice').getByText(why).isVisible(), 'and the person can share it with them')
    t.same(host.problems, [])
  })

  await t.test('nor is what was being chosen for the one before', async t => {
    const { host, invite } = await call(t)
    const { page } = host
    await page.evaluate(() => {
      const { mediaDevices } = navigator
      const choose = mediaDevices.getDisplayMedia.bind(mediaDevices)
      mediaDevices.getDisplayMedia = async options => {
        await new Promise<void>(resolve => { Object.assign(globalThis, { choose: resolve }) })
        return await choose(options)
      }
    })
    await page.getByRole('button', { name: 'Share', pressed: false }).click()
    await breaks(page, 'disconnected')
    await host.reaches('reconnecting')
    const next = await visit(t, browser, invite)
    await join(next)
    await next.reaches('connected')
    await page.evaluate(() => { Reflect.get(globalThis, 'choose')() })
    await page.waitForFunction(() => (Reflect.get(globalThis, 'shared') as MediaStreamTrack | undefined)?.readyState === 'ended')
    await page.locator('#notice').getByText(/^Your screen was not shared: .*someone else may have joined/).waitFor()
    t.notOk(await page.locator('#sharing').isVisible())
  })

  await t.test('whoever cancels is not bothered, and a system that refuses is named', async t => {
    const { host } = await call(t)
    const refuse = async (message: string) => {
      await host.page.evaluate(message => { Object.assign(globalThis, { refusal: new DOMException(message, 'NotAllowedError') }) }, message)
      await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
    }
    await refuse('Permission denied')
    // Whatever follows a refusal has happened when a task that comes later runs.
    await host.page.evaluate(async () => { await new Promise(resolve => setTimeout(resolve)) })
    t.notOk(await host.page.locator('#notice').isVisible())
    await refuse('Permission denied by system')
    await host.page.locator('#notice').getByText(/^Your screen could not be shared\./).waitFor()
  })

  await t.test('in a narrow window it is in the menu', async t => {
    const { host, guest } = await call(t, 390)
    await host.page.locator('#more summary').click()
    await host.page.getByRole('button', { name: 'Share your screen' }).click()
    t.equal(await sees(guest.page, 'screen'), 'contain')
  })

  await t.test('a browser that cannot do it does not offer it', async t => {
    const host = await visit(t, browser, url, {}, async page => {
      await page.addInitScript(() => { Reflect.deleteProperty(MediaDevices.prototype, 'getDisplayMedia') })
    })
    await start(host)
    await host.page.locator('#more summary').click()
    await host.page.getByRole('button', { name: 'Full screen' }).waitFor()
    t.equal(await host.page.getByRole('button', { name: /Share (your )?screen|^Share$/ }).count(), 0)
  })
})

t.test('what the browser itself captures can be shared', { skip }, async t => {
  const browser = await launch(t, ['--auto-select-desktop-capture-source=Entire screen'])
  const { host, guest } = await inCall(t, browser, await servePage(t))
  await host.page.getByRole('button', { name: 'Share', pressed: false }).click()
  await guest.page.locator('.remote.whole').waitFor()
  const surface = await host.page.locator('#self').evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream).getVideoTracks()[0]!.getSettings().displaySurface)
  t.equal(surface, 'monitor')
  t.equal(await sees(guest.page, 'camera'), 'contain', 'it has the shape of a camera here')
})
