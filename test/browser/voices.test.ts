import t from 'tap'
import type { Page } from 'playwright-core'
import { inCall, servePage } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

const skip = await needsChromium()

/** A microphone in which somebody hums without a pause, from the moment that `hum()` is called. */
async function hum (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { mediaDevices } = navigator
    const open = mediaDevices.getUserMedia.bind(mediaDevices)
    mediaDevices.getUserMedia = async constraints => {
      const stream = await open(constraints)
      const [silent] = stream.getAudioTracks()
      if (silent === undefined) return stream
      stream.removeTrack(silent)
      const context = new AudioContext()
      const gain = new GainNode(context, { gain: 0 })
      const out = context.createMediaStreamDestination()
      const tone = new OscillatorNode(context, { frequency: 220 })
      tone.connect(gain).connect(out)
      tone.start()
      Object.assign(globalThis, { hum: () => { gain.gain.value = 0.5 } })
      for (const track of out.stream.getAudioTracks()) stream.addTrack(track)
      return stream
    }
  })
}

/** Keeps every track that the page makes. */
async function keepTracks (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const tracks: MediaStreamTrack[] = []
    Object.assign(globalThis, { tracks })
    const { mediaDevices } = navigator
    const open = mediaDevices.getUserMedia.bind(mediaDevices)
    mediaDevices.getUserMedia = async constraints => {
      const stream = await open(constraints)
      tracks.push(...stream.getTracks())
      return stream
    }
    const { clone } = MediaStreamTrack.prototype
    MediaStreamTrack.prototype.clone = function () {
      const copy = clone.call(this)
      tracks.push(copy)
      return copy
    }
  })
}

const level = (page: Page, whose: 'own' | 'their', expected: string) =>
  page.waitForFunction(([selector, expected]) => document.querySelector<HTMLElement>(selector!)!.dataset['level'] === expected, [whose === 'own' ? '#own-level' : '.their-level', expected])

t.test('voices', { skip }, async t => {
  const browser = await launch(t)
  const url = await servePage(t)

  await t.test('both see who speaks', async t => {
    const { host, guest } = await inCall(t, browser, url, {}, hum)
    for (const whose of ['own', 'their'] as const) await level(host.page, whose, '0')
    await host.page.evaluate(() => { Reflect.get(globalThis, 'hum')() })
    await level(host.page, 'own', '3')
    await guest.page.waitForFunction(() => Number(document.querySelector<HTMLElement>('.their-level')!.dataset['level']) > 1)
    await level(host.page, 'their', '0')
    await level(guest.page, 'own', '0')
    t.ok(await guest.page.locator('.their-level').isVisible())
    await host.page.locator('#mic').click()
    await level(guest.page, 'their', '0')
    t.pass('and not a muted one')
  })

  await t.test('whoever speaks while muted is told once, and quietly', async t => {
    const { host } = await inCall(t, browser, url, {}, async page => {
      await hum(page)
      await page.clock.install()
    })
    const { page } = host
    const hint = page.locator('#muted-hint')
    await page.evaluate(() => {
      const [hint, region] = ['muted-hint', 'announce'].map(id => document.getElementById(id)!)
      const told = { shown: 0, announced: 0 }
      new MutationObserver(() => { if (!hint!.hidden) told.shown++ }).observe(hint!, { attributeFilter: ['hidden'] })
      new MutationObserver(() => { if (region!.textContent.includes(hint!.textContent)) told.announced++ }).observe(region!, { childList: true })
      Object.assign(globalThis, { told })
      Reflect.get(globalThis, 'hum')()
    })
    await level(page, 'own', '3')
    t.notOk(await hint.isVisible(), 'not while they are heard')
    await page.locator('#mic').click()
    await hint.waitFor()
    await page.getByRole('status').getByText('Your microphone is off: nobody can hear you.').waitFor({ state: 'attached' })
    t.equal(await page.evaluate(() => document.activeElement?.id), 'mic', 'the focus stays where it is')
    t.equal(await hint.evaluate(hint => hint.closest('[role="alert"], [aria-live="assertive"]')), null, 'and nothing is interrupted')
    // They go on speaking.
    await page.clock.runFor(20_000)
    t.notOk(await hint.isVisible())
    t.same(await page.evaluate(() => Reflect.get(globalThis, 'told')), { shown: 1, announced: 1 })
    await page.locator('#mic').click()
    await level(page, 'own', '3')
    await page.locator('#mic').click()
    await hint.waitFor()
    await page.locator('#mic').click()
    await hint.waitFor({ state: 'hidden' })
    t.same(host.problems, [])
  })

  await t.test('with reduced motion there are two states only, and nothing moves between them', async t => {
    const { host } = await inCall(t, browser, url, { reducedMotion: 'reduce' }, hum)
    const { page } = host
    await page.evaluate(() => {
      const seen = new Set<string | undefined>()
      new MutationObserver(() => { seen.add(document.getElementById('own-level')!.dataset['level']) }).observe(document.getElementById('own-level')!, { attributes: true })
      Object.assign(globalThis, { seen })
      Reflect.get(globalThis, 'hum')()
    })
    await level(page, 'own', '3')
    await page.locator('#mic').click()
    await level(page, 'own', '0')
    t.same(await page.evaluate(() => [...Reflect.get(globalThis, 'seen')]), ['3', '0'])
    t.equal(await page.locator('#own-level i').first().evaluate(bar => getComputedStyle(bar).transitionDuration), '0s')
  })

  await t.test('the microphone is released with the call', async t => {
    const { host } = await inCall(t, browser, url, {}, keepTracks)
    await host.page.waitForFunction(() => (Reflect.get(globalThis, 'tracks') as unknown[]).length >= 3)
    await host.page.locator('#leave').click()
    await host.reaches('left')
    const states = await host.page.evaluate(() => (Reflect.get(globalThis, 'tracks') as MediaStreamTrack[]).map(({ readyState }) => readyState))
    t.ok(states.length >= 3, 'two devices and what measures one of them')
    t.same([...new Set(states)], ['ended'])
  })

  await t.test('where the browser cannot measure the microphone, the call goes on, and no copy stays open', async t => {
    const { host } = await inCall(t, browser, url, {}, async page => {
      await keepTracks(page)
      await page.addInitScript(() => {
        AudioContext.prototype.createMediaStreamSource = () => { throw new DOMException('', 'NotSupportedError') }
      })
    })
    await host.page.waitForFunction(() => (Reflect.get(globalThis, 'tracks') as unknown[]).length >= 3)
    t.equal(await host.page.evaluate(() => (Reflect.get(globalThis, 'tracks') as MediaStreamTrack[])
      .filter(({ kind, readyState }) => kind === 'audio' && readyState === 'live').length), 1)
    t.same(host.problems, [])
  })

  await t.test('a microphone that is gone is released even if nobody sees the page', async t => {
    const { host: { page } } = await inCall(t, browser, url, {}, keepTracks)
    await page.waitForFunction(() => (Reflect.get(globalThis, 'tracks') as unknown[]).length >= 3)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { get: () => true })
      navigator.mediaDevices.enumerateDevices = async () => []
      const microphone = (Reflect.get(globalThis, 'tracks') as MediaStreamTrack[]).find(({ kind }) => kind === 'audio')!
      microphone.stop()
      microphone.dispatchEvent(new Event('ended'))
    })
    await page.waitForFunction(() => (Reflect.get(globalThis, 'tracks') as MediaStreamTrack[])
      .every(({ kind, readyState }) => kind !== 'audio' || readyState === 'ended'))
    t.pass('its copy is stopped')
  })
})
