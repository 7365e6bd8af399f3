import vm from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import type * as client from '../../clients/typescript/src/index.js'
import { serve } from './serve.js'

async function bundle (options: { format: 'esm' | 'iife', minify: boolean }) {
  const { outputFiles: [file] } = await build({
    entryPoints: ['clients/typescript/src/index.ts'], bundle: true, write: false, platform: 'browser', target: 'es2022', globalName: 'client', logLevel: 'silent', ...options
  })
  return file!.text
}

t.test('the client with its dependency is less than 6.6 kB, minified and compressed', async t => {
  const size = gzipSync(await bundle({ format: 'esm', minify: true }), { level: 9 }).length
  t.ok(size < 6600, `${size} bytes`)
})

t.test('the client needs nothing but what the web has', async t => {
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
