import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The product's code as one script for a page. */
export async function browserBundle (): Promise<string> {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [fileURLToPath(new URL('browser-entry.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022'
  })
  return bundle!.text
}
