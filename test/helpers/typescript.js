/**
 * Lets Node run the tests' TypeScript, for `node --import`. It compiles with esbuild, which also builds the page: for a
 * file of tests that takes a tenth of the time of the TypeScript compiler, and functions that tests send to a browser
 * stay as they are written.
 */
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { transform } from 'esbuild'

if (isMainThread) register(import.meta.url)

/** Finds the `.ts` behind the `.js` that an import names. */
export async function resolve (specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    return await next(specifier.replace(/\.js(?=\?|$)/, '.ts'), context).catch(() => { throw error })
  }
}

export async function load (url, context, next) {
  const { protocol, pathname } = new URL(url)
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return await next(url, context)
  const sourcefile = fileURLToPath(url)
  const { code } = await transform(await readFile(sourcefile, 'utf8'), { loader: 'ts', sourcefile, sourcemap: 'inline', target: 'node20.19' })
  return { format: 'module', source: code, shortCircuit: true }
}
