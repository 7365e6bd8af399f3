import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, join, servePage, start, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

const granted = { permissions: ['camera', 'microphone'] }

/** Keeps what the page asks for, and lets `camera` and `deny` change the answer. */
async function watch (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { mediaDevices } = navigator
    const open = mediaDevices.getUserMedia.bind(mediaDevices)
    const asked: MediaStreamTrack[][] = []
    let error: string | undefined
    Object.assign(globalThis, { asked, fail: (name?: string) => { error = name } })
    mediaDevices.getUserMedia = async constraints => {
      if (error !== undefined) throw new DOMException('', error)
      const stream = await open(constraints)
      asked.push(stream.getTracks())
      return stream
    }
  })
}

/** How many devices the page has opened, and how many of them are still open. */
const opened = async (page: Page) => await page.evaluate(() => {
  const tracks = (Reflect.get(globalThis, 'asked') as MediaStreamTrack[][]).flat()
  return [tracks.length, tracks.filter(({ readyState }) => readyState === 'live').length]
})

const hasPicture = async (page: Page, id: string) => {
  await page.waitForFunction(id => {
    const video = document.querySelector<HTMLVideoElement>(id)!
    return !video.hidden && video.videoWidth > 0 && video.currentTime > 0
  }, id)
}

t.test('the mirror', { skip }, async t => {
  const browser = await launch(t, ['--use-fake-device-for-media-stream=device-count=3'])
  const url = await servePage(t)

  await t.test('it opens when the person asks, shows and hears, and goes on into the call', async t => {
    const host = await visit(t, browser, url, {}, watch)
    const { page } = host
    t.same(await opened(page), [0, 0], 'nothing is opened unasked')
    t.notOk(await page.locator('#start-choice').isVisible())
    await page.getByRole('button', { name: 'Turn on now' }).click()
    await hasPicture(page, '#mirror')
    t.notOk(await page.locator('#check').isVisible())
    // The fake microphone beeps every second.
    const meter = page.getByRole('meter', { name: 'Microphone level' })
    await page.waitForFunction(() => Number(document.querySelector('#level')!.getAttribute('aria-valuenow')) > 20)
    await page.waitForFunction(() => Number(document.querySelector('#level')!.getAttribute('aria-valuenow')) < 20)

    await page.getByRole('checkbox', { name: 'Camera', exact: true }).setChecked(false, { force: true })
    await page.getByText('Your camera is off.').waitFor()
    t.same(await opened(page), [2, 1], 'its light goes out')
    await page.getByRole('checkbox', { name: 'Microphone', exact: true }).setChecked(false, { force: true })
    await meter.waitFor({ state: 'hidden' })
    await page.getByRole('checkbox', { name: 'Camera', exact: true }).setChecked(true, { force: true })
    await hasPicture(page, '#mirror')

    await start(host)
    await hasPicture(page, '#self')
    t.same(await opened(page), [3, 2], 'nothing is opened twice')
    await page.getByRole('button', { name: 'Mic', pressed: false }).waitFor()
    await page.locator('#leave').click()
    await host.reaches('left')
    t.same(await opened(page), [3, 0])
    t.same(host.problems, [])
  })

  await t.test('with permission it opens by itself, but not before the invite has been checked', async t => {
    const host = await visit(t, browser, url)
    const invite = await start(host)
    let answer = () => {}
    const asked = new Promise<void>(resolve => { answer = resolve })
    const guest = await visit(t, browser, invite, granted, async page => {
      await watch(page)
      await page.route(/ice-servers$/, async route => {
        await asked
        await route.continue()
      })
    })
    await guest.reaches('ready')
    t.same(await opened(guest.page), [0, 0])
    t.notOk(await guest.page.locator('#check').isVisible(), 'nor can it be turned on')
    answer()
    await hasPicture(guest.page, '#mirror')

    const dead = await visit(t, browser, `${invite.slice(0, -30)}`, granted, watch)
    await dead.reaches('failed')
    t.same(await opened(dead.page), [0, 0])
    t.notOk(await dead.page.locator('#preview').isVisible())
  })

  await t.test('a link that turns out to be dead closes what was opened', async t => {
    const host = await visit(t, browser, url)
    const invite = await start(host)
    const guest = await visit(t, browser, invite, granted, watch)
    await hasPicture(guest.page, '#mirror')
    await host.page.locator('#leave').click()
    await host.reaches('left')
    await join(guest)
    await guest.reaches('failed')
    t.match(await opened(guest.page), [2, 0])
  })

  await t.test('a camera that cannot be opened is explained, and can be tried again', async t => {
    const { page } = await visit(t, browser, url, {}, watch)
    await page.evaluate(() => { Reflect.get(globalThis, 'fail')('NotAllowedError') })
    await page.getByRole('button', { name: 'Turn on now' }).click()
    const text = 'Access to the camera and microphone is blocked. Allow them in the site settings, next to the address, then try again. You can also call without them.'
    await page.locator('#mirror-text').getByText(text, { exact: true }).waitFor()
    t.notOk(await page.locator('#preview-note').isVisible(), 'once')
    const unsure = async () => await page.locator('.devices input').evaluateAll(inputs => inputs.map(input => (input as HTMLInputElement).indeterminate))
    t.same(await unsure(), [true, true], 'and no switch looks as if its device were on')
    await page.getByRole('status').getByText(text, { exact: true }).waitFor({ state: 'attached' })
    await page.evaluate(() => { Reflect.get(globalThis, 'fail')() })
    await page.getByRole('button', { name: 'Try again' }).click()
    await hasPicture(page, '#mirror')
    t.notOk(await page.locator('#preview-note').isVisible())
    t.same(await unsure(), [false, false])
  })
})

t.test('the choice of devices', { skip }, async t => {
  const browser = await launch(t, ['--use-fake-device-for-media-stream=device-count=3'])
  const url = await servePage(t)
  /** Waits until these devices are open, and no others. */
  const live = async (page: Page, ...labels: string[]) => {
    await page.waitForFunction(labels => {
      const tracks = (Reflect.get(globalThis, 'asked') as MediaStreamTrack[][]).flat().filter(({ readyState }) => readyState === 'live')
      return tracks.map(({ label }) => label).sort().join() === labels
    }, labels.sort().join())
  }

  await t.test('it is remembered, and a device that is gone is replaced', async t => {
    const { page } = await visit(t, browser, url, {}, async page => {
      await watch(page)
      await page.addInitScript(() => {
        const label = Object.getOwnPropertyDescriptor(MediaDeviceInfo.prototype, 'label')!.get!
        Object.defineProperty(MediaDeviceInfo.prototype, 'label', {
          get () {
            const name = label.call(this) as string
            return name.startsWith('fake_device') ? `${name} (046d:0825)` : name
          }
        })
      })
    })
    await page.getByRole('button', { name: 'Turn on now' }).click()
    t.equal(await page.getByRole('combobox', { name: 'Camera' }).inputValue(), await page.evaluate(() =>
      (Reflect.get(globalThis, 'asked') as MediaStreamTrack[][]).flat().find(({ kind }) => kind === 'video')!.getSettings().deviceId))
    await page.getByRole('combobox', { name: 'Camera' }).selectOption('fake_device_2')
    await live(page, 'fake_device_2', 'Fake Default Audio Input')
    await page.getByRole('combobox', { name: 'Microphone' }).selectOption('Fake Audio Input 2')
    await live(page, 'fake_device_2', 'Fake Audio Input 2')
    await hasPicture(page, '#mirror')

    await page.reload()
    await page.getByRole('button', { name: 'Turn on now' }).click()
    // This browser gives every device another id now.
    await live(page, 'fake_device_2', 'Fake Audio Input 2')
    t.equal(await page.getByRole('combobox', { name: 'Camera' }).locator('option:checked').textContent(), 'fake_device_2')

    await page.evaluate(() => {
      const saved = JSON.parse(localStorage.getItem('signalbox')!)
      saved.devices.video = saved.devices.speaker = { id: 'gone', label: 'gone' }
      localStorage.setItem('signalbox', JSON.stringify(saved))
    })
    await page.reload()
    await page.getByRole('button', { name: 'Turn on now' }).click()
    await live(page, 'fake_device_0', 'Fake Audio Input 2')
  })

  await t.test('during a call, the other person sees the new camera without a break', async t => {
    const { host, guest } = await inCall(t, browser, url)
    await hasPicture(guest.page, '.remote')
    const before = await guest.page.evaluate(() => {
      const video = document.querySelector<HTMLVideoElement>('.remote')!
      Object.assign(globalThis, { breaks: 0 })
      for (const event of ['emptied', 'ended']) video.addEventListener(event, () => { Object.assign(globalThis, { breaks: Reflect.get(globalThis, 'breaks') + 1 }) })
      return { stream: (video.srcObject as MediaStream).id, frames: video.getVideoPlaybackQuality().totalVideoFrames }
    })
    await host.page.locator('#more summary').click()
    await host.page.getByRole('button', { name: 'Settings…' }).click()
    const dialog = host.page.getByRole('dialog', { name: 'Settings' })
    await dialog.getByRole('combobox', { name: 'Camera' }).selectOption('fake_device_2')
    await host.page.waitForFunction(() => {
      const { srcObject } = document.querySelector<HTMLVideoElement>('#self')!
      return (srcObject as MediaStream).getVideoTracks()[0]?.label === 'fake_device_2'
    })
    await dialog.getByRole('combobox', { name: 'Speaker' }).selectOption('Fake Audio Output 1')
    await host.page.waitForFunction(() => document.querySelector<HTMLVideoElement>('.remote')!.sinkId !== '')
    await host.page.keyboard.press('Escape')
    t.equal(await host.page.evaluate(() => document.activeElement?.parentElement?.id), 'more', 'the focus goes back to the menu')
    await guest.page.waitForFunction(({ frames }) => document.querySelector<HTMLVideoElement>('.remote')!.getVideoPlaybackQuality().totalVideoFrames > frames + 20, before)
    const after = await guest.page.evaluate(() => {
      const { srcObject } = document.querySelector<HTMLVideoElement>('.remote')!
      return { stream: (srcObject as MediaStream).id, breaks: Reflect.get(globalThis, 'breaks') as number }
    })
    t.same(after, { stream: before.stream, breaks: 0 })
    t.equal(await guest.page.locator('.no-picture').isVisible(), false)
    t.same([host.problems, guest.problems], [[], []])
  })

  await t.test('a microphone that is unplugged during a call is replaced, and the page says so', async t => {
    const host = await visit(t, browser, url, {}, async page => {
      await watch(page)
      await page.clock.install()
    })
    await start(host)
    await hasPicture(host.page, '#self')
    await host.page.clock.fastForward(5_000)
    const unplug = async () => {
      await host.page.evaluate(() => {
        const tracks = (Reflect.get(globalThis, 'asked') as MediaStreamTrack[][]).flat()
        const microphone = tracks.find(({ kind, readyState }) => kind === 'audio' && readyState === 'live')!
        microphone.stop()
        microphone.dispatchEvent(new Event('ended'))
      })
    }
    await unplug()
    await host.page.locator('#notice').getByText('Your microphone was disconnected. Now using Fake Default Audio Input.', { exact: true }).waitFor()
    await host.page.getByRole('button', { name: 'Mic', pressed: true }).waitFor()
    await host.page.getByRole('button', { name: 'Dismiss' }).click()
    t.notOk(await host.page.locator('#notice').isVisible())

    await host.page.clock.fastForward(5_000)
    await host.page.evaluate(() => { navigator.mediaDevices.enumerateDevices = async () => [] })
    await unplug()
    await host.page.locator('#notice').getByText('No microphone was found. Connect one, then turn it on below. You can still listen and chat.', { exact: true }).waitFor()
    await host.page.getByRole('button', { name: 'Mic', pressed: false }).waitFor()
  })

  await t.test('a device that is chosen but cannot be opened changes nothing, and the page says so', async t => {
    const { host, guest } = await inCall(t, browser, url, {}, watch)
    await host.page.evaluate(() => {
      const { mediaDevices } = navigator
      const open = mediaDevices.getUserMedia.bind(mediaDevices)
      mediaDevices.getUserMedia = async constraints => {
        const { deviceId } = Object(constraints?.video ?? constraints?.audio)
        const wanted = (await mediaDevices.enumerateDevices()).find(device => device.deviceId === deviceId?.exact)
        if (/2$/.test(wanted?.label ?? '')) throw new DOMException('', 'NotReadableError')
        return await open(constraints)
      }
    })
    await host.page.locator('#more summary').click()
    await host.page.getByRole('button', { name: 'Settings…' }).click()
    const dialog = host.page.getByRole('dialog', { name: 'Settings' })
    const notice = host.page.locator('#notice-text')
    for (const [name, busy, device, using] of [
      ['Microphone', 'Fake Audio Input 2', 'microphone', 'Fake Default Audio Input'],
      ['Camera', 'fake_device_2', 'camera', 'fake_device_0']
    ] as const) {
      await dialog.getByRole('combobox', { name }).selectOption(busy)
      await notice.getByText(`The ${device} you chose could not be started, probably because another program is using it. Still using ${using}.`, { exact: true }).waitFor()
      t.equal(await dialog.getByRole('combobox', { name }).locator('option:checked').textContent(), using)
    }
    await live(host.page, 'Fake Default Audio Input', 'fake_device_0')
    await dialog.getByRole('combobox', { name: 'Camera' }).selectOption('fake_device_1')
    await notice.waitFor({ state: 'hidden' })
    await host.page.keyboard.press('Escape')
    for (const name of ['Mic', 'Camera']) t.ok(await host.page.getByRole('button', { name, pressed: true }).isVisible())
    t.equal(await guest.page.locator('.no-picture').isVisible(), false)
    t.same([host.problems, guest.problems], [[], []])
  })

  await t.test('where a page cannot choose the speaker, none is offered', async t => {
    const { page } = await visit(t, browser, url, {}, async page => {
      await page.addInitScript(() => { Reflect.deleteProperty(HTMLMediaElement.prototype, 'setSinkId') })
    })
    await page.getByRole('button', { name: 'Turn on now' }).click()
    await page.getByRole('combobox', { name: 'Camera' }).waitFor()
    t.notOk(await page.getByRole('combobox', { name: 'Speaker' }).isVisible())
  })
})
