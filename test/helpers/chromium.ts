import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { checkChromium, launchChromium } from '../../scripts/chromium.js'
import { patience } from './patience.js'

export { ownFontOnly } from '../../scripts/chromium.js'

interface Teardown { teardown (end: () => Promise<unknown>): void }

/** For tap's `skip`: `false` where Chromium runs, else the reason in one line. See needs.ts. */
export async function needsChromium (): Promise<string | false> {
  try {
    await checkChromium()
    return false
  } catch (error) {
    if (process.env['SIGNALBOX_TEST_ALL'] === '1') throw error
    const why = `${process.platform} ${process.arch}: ${String(error).split('\n', 1)[0]}`
    return `Chromium does not start on ${why}`
  }
}

/**
 * A Chromium with a fake camera and microphone, which asks nothing and speaks to loopback only.
 * Its contexts are as separate as two people's browsers.
 */
export async function launch (t: Teardown, more?: string[], fontconfig?: string): Promise<Browser> {
  const browser = await launchChromium(more, fontconfig)
  t.teardown(async () => { await browser.close() })
  return browser
}

/** Lets sound play without a gesture: on a busy machine, connecting takes longer than the last gesture counts. */
export const soundAllowed = ['--autoplay-policy=no-user-gesture-required']

/** A browser of one person: a fresh profile, closed with the test. */
export async function person (t: Teardown, browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(patience)
  t.teardown(async () => { await context.close() })
  return context
}
