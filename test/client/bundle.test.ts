import vm from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import type * as client from '../../clients/typescript/src/index.js'
import { serve } from './serve.js'

async function bundle (options: { format: 'esm' | 'iife', minify: boolean }, entry = 'index') {
  const { outputFiles: [file] } = await build({
    entryPoints: [`clients/typescript/src/${entry}.ts`], bundle: true, write: false, platform: 'browser', target: 'es2022', globalName: 'client', logLevel: 'silent', ...options
  })
  return file!.text
}

/** What each entry point costs with all that it needs, minified and compressed: today's bytes, and a little more. */
const limits = { index: 7_750, 'room/index': 8_200, 'shared/index': 6_150, 'trystero/index': 25_350, 'webrtc/index': 24_300 }

for (const [entry, limit] of Object.entries(limits)) {
  t.test(`${entry} with its dependency is at most ${limit / 1000} kB`, async t => {
    const size = gzipSync(await bundle({ format: 'esm', minify: true }, entry), { level: 9 }).length
    t.ok(size <= limit, `${size} bytes`)
  })
}

t.test('the client uses only web APIs', async t => {
  const { url } = await serve(t)
  const web = {
    AbortController, AbortSignal, DOMException, FormData, Headers, Request, Response, TextDecoder, TextEncoder, TransformStream, URL, URLSearchParams, btoa, clearTimeout, crypto, fetch, performance, setTimeout
  }
  const { Box } = vm.runInNewContext(`${await bundle({ format: 'iife', minify: false })}; client`, web) as typeof client
  const box = await Box.create(url)
  await Box.open(await box.dropLink()).send({ hello: 'web' })
  for await (const message of box) {
    t.equal(JSON.stringify(message), '{"hello":"web"}')
    await box.delete()
  }
  await t.rejects(Box.open(box.link).read(), { code: 'BOX_ERR_NOT_FOUND' })
})
