import { execFile } from 'node:child_process'
import { access, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const run = promisify(execFile)
// In the package's own directory, so that an update takes the unpacked browser away with it.
const cache = fileURLToPath(new URL('../node_modules/@sparticuz/chromium/', import.meta.url))
const home = join(cache, 'unpacked')
const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(home, 'fonts')}</dir>
  <cachedir>${join(home, 'fonts-cache')}</cachedir>
</fontconfig>
`

const executablePath = join(home, 'chromium')

const env = {
  ...process.env,
  // The package brings the libraries that a bare machine lacks (NSS, expat), and a font.
  LD_LIBRARY_PATH: join(home, 'al2023', 'lib'),
  FONTCONFIG_FILE: process.env.FONTCONFIG_FILE ?? join(home, 'fonts.conf')
}

const args = [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection'
]

/** Rejects if it does not start here. */
export async function checkChromium () {
  await unpack()
  await run(executablePath, ['--version'], { env, timeout: 20_000 })
}

/** A Chromium with a fake camera and microphone, which asks nothing and speaks to loopback only. */
export async function launchChromium (more = [], fontconfig = env.FONTCONFIG_FILE) {
  await unpack()
  return await chromium.launch({ executablePath, env: { ...env, FONTCONFIG_FILE: fontconfig }, args: [...args, ...more] })
}

/** The settings for a browser that sees no font but the package's, and so draws the same text on every machine. */
export async function ownFontOnly () {
  await unpack()
  const path = join(home, 'own-font.conf')
  await writeFile(path, fonts.replace(/ *<include.*\n/, ''))
  return path
}

/**
 * Unpacks the browser once per installation. Several processes may do it at the same time: each
 * works in a directory of its own, and the first to finish gives the result its name.
 */
async function unpack () {
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

async function exists (path) {
  return await access(path).then(() => true, () => false)
}
