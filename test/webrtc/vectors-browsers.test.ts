import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t, { type Test } from 'tap'
import { launch, needsChromium } from '../helpers/chromium.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import type { Checked } from './check-call-vectors.js'
import { serve } from './serve.js'

/** What is needed of a page, in either browser. */
interface Page {
  goto (url: string): Promise<unknown>
  evaluate<T> (work: string): Promise<T>
}

const browsers: Record<string, [skip: string | false, open: (t: Test) => Promise<Page>]> = {
  Chromium: [await needsChromium(), async t => await (await launch(t)).newPage()],
  Firefox: [needsFirefox(), async t => await (await launchFirefox(t)).newPage() as unknown as Page]
}

for (const [name, [skip, open]] of Object.entries(browsers)) {
  t.test(`the vectors that need no connection, in ${name}`, { skip }, async t => {
    const { outputFiles: [bundle] } = await build({
      entryPoints: [fileURLToPath(new URL('check-call-vectors.ts', import.meta.url))], bundle: true, write: false, format: 'iife', globalName: 'vectors', target: 'es2022'
    })
    const { url } = await serve(t, { routes: app => { app.get('/', (_request, reply) => reply.type('text/html').send('<!doctype html><title>test</title>')) } })
    const page = await open(t)
    await page.goto(url)
    const { count, wrong } = await page.evaluate<Checked>(`(async () => { ${bundle!.text}; return await vectors.checkCallVectors() })()`)
    t.strictSame(wrong, [])
    t.ok(count >= 169, `${count} values`)
  })
}
