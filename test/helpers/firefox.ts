import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Browser } from 'puppeteer-core'
import { needs } from './needs.js'

// Its ES modules name files in a way that only Node's own loader resolves.
const puppeteer: typeof import('puppeteer-core') = createRequire(import.meta.url)('puppeteer-core')

const PROGRAM = 'firefox-esr'

/** Everything that a test needs to be different from a person's Firefox. */
const preferences = {
  // A camera and a microphone that every machine has, and no question whether the page may use them.
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  // ICE over loopback, without names that only a network with mDNS resolves.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false
}

interface Teardown { teardown (end: () => Promise<unknown>): void }

/** For tap's `skip`: `false` where Debian's Firefox ESR is installed, else the reason in one line. */
export function needsFirefox (): string | false {
  return needs(PROGRAM)
}

/** A Firefox over WebDriver BiDi, with a profile of its own and without anything of the network but loopback. */
export async function launchFirefox (t: Teardown, more: Record<string, unknown> = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'signalbox-firefox-'))
  t.teardown(async () => { await rm(profile, { recursive: true, force: true }) })
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: (process.env['PATH'] ?? '').split(delimiter).map(directory => join(directory, PROGRAM)).find(existsSync) ?? PROGRAM,
    headless: true,
    userDataDir: profile,
    env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
    extraPrefsFirefox: { ...preferences, ...more }
  })
  t.teardown(async () => { await browser.close() })
  return browser
}
