import type { Test } from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Every state of the call page. @returns where */
export async function serveGallery (t: Test): Promise<string> {
  const server = spawn(process.execPath, [fileURLToPath(new URL('../../scripts/gallery.js', import.meta.url)), '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    server.kill()
    await once(server, 'exit')
  })
  const [address] = await once(server.stdout, 'data')
  return String(address).trim()
}

/** What axe finds on the page as it is now. */
export async function findings (page: Pick<Page, 'addScriptTag' | 'evaluate'>): Promise<string[]> {
  await page.addScriptTag({ path: axe })
  const { violations } = await page.evaluate(async () => await Reflect.get(globalThis, 'axe').run() as AxeResults)
  return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 100)).join(' | ')}`)
}
