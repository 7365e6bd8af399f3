import { execFile } from 'node:child_process'
import { access, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core'

const run = promisify(execFile)
// In the package's own directory, so that an update takes the unpacked browser away with it.
const cache = fileURLToPath(new URL('../../node_modules/@sparticuz/chromium/', import.meta.url))
const home = join(cache, 'unpacked')
const executablePath = join(home, 'chromium')
const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(home, 'fonts')}</dir>
  <cachedir>${join(home, 'fonts-cache')}</cachedir>
</fontconfig>
`
const env = {
  ...process.env,
  // The package brings the libraries that a bare machine lacks (NSS, expat), and a font.
  LD_LIBRARY_PATH: join(home, 'al2023', 'lib'),
  FONTCONFIG_FILE: process.env['FONTCONFIG_FILE'] ?? join(home, 'fonts.conf')
}

interface Teardown { teardown (end: () => Promise<unknown>): void }

/** For tap's `skip`: `false` where Chromium runs, else the reason in one line. See needs.ts. */
export async function needsChromium (): Promise<string | false> {
  try {
    await unpack()
    await run(executablePath, ['--version'], { env, timeout: 20_000 })
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
export async function launch (t: Teardown, args: string[] = [], fontconfig = env.FONTCONFIG_FILE): Promise<Browser> {
  await unpack()
  const browser = await chromium.launch({
    executablePath,
    env: { ...env, FONTCONFIG_FILE: fontconfig },
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection',
      ...args
    ]
  })
  t.teardown(async () => { await browser.close() })
  return browser
}

/** The settings for a browser that sees no font but the package's, and so draws the same text on every machine. */
export async function ownFontOnly (): Promise<string> {
  await unpack()
  const path = join(home, 'own-font.conf')
  await writeFile(path, fonts.replace(/ *<include.*\n/, ''))
  return path
}

/** A browser of one person: a fresh profile, closed with the test. */
export async function person (t: Teardown, browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(15_000)
  t.teardown(async () => { await context.close() })
  return context
}

/**
 * Unpacks the browser once per installation. Several processes may do it at the same time: each
 * works in a directory of its own, and the first to finish gives the result its name.
 */
async function unpack (): Promise<void> {
  if (await exists(executablePath)) return
  const directory = await mkdtemp(join(cache, 'unpacking-'))
  try {
    // The package unpacks to the directory of temporary files, and its libraries only where it believes to be on Lambda.
    await run(process.execPath, ['--input-type=module', '--eval', `
      import chromium from '@sparticuz/chromium'
      await chromium.executablePath()
    `], {
      cwd: cache,
      env: { ...process.env, TMPDIR: directory, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x', NODE_OPTIONS: '' }
    })
    await writeFile(join(directory, 'fonts.conf'), fonts)
    await rename(directory, home)
  } catch (error) {
    if (!await exists(executablePath)) throw error
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function exists (path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false)
}
