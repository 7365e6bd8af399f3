import { chromium } from 'playwright-core'

/**
 * A Chromium that speaks to loopback only.
 * @param dir where it is unpacked: its package does that to the directory of temporary files, with its libraries only on Lambda
 */
export async function launch (dir, args = []) {
  Object.assign(process.env, { TMPDIR: dir, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' })
  const { default: unpacked } = await import('@sparticuz/chromium')
  return await chromium.launch({
    executablePath: await unpacked.executablePath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection', ...args]
  })
}
