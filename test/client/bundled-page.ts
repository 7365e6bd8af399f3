import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { build, type BuildOptions } from 'esbuild'
import type { Test } from 'tap'

/** Serves a page with a bundle in it, until the test ends. @returns its address */
export async function serveBundle (t: Test, options: BuildOptions): Promise<string> {
  const { outputFiles: [file] } = await build({ bundle: true, platform: 'browser', format: 'iife', ...options, write: false })
  const server = http.createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<!doctype html><script>${file!.text}</script>`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
