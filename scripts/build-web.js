// Bundles the call page into dist/web: index.html, one script, one style sheet and the icons, each
// with a hash of its content in its name, so that browsers can keep them for good. Beside each text is its
// Brotli form, which every browser takes where the page can make a call: over HTTPS, or on localhost. An
// argument names another directory than dist/web.
import { build } from 'esbuild'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

/** What a first visit may cost, in bytes as sent. */
const LIMIT = 60 * 1000

const source = fileURLToPath(new URL('../src/web/', import.meta.url))
const target = resolve(process.argv[2] ?? fileURLToPath(new URL('../dist/web/', import.meta.url)))

const index = await readFile(join(source, 'index.html'), 'utf8')
const references = [...index.matchAll(/(?<=(?:src|href)=")\.\/[^"]+/g)].map(([path]) => path)

await rm(target, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: source,
  entryPoints: references,
  outdir: target,
  entryNames: '[name]-[hash]',
  loader: { '.svg': 'copy', '.png': 'copy' },
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome100', 'firefox100', 'safari15.4'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning'
})

const built = new Map(Object.entries(metafile.outputs).map(([path, { entryPoint, inputs }]) =>
  [`./${entryPoint ?? Object.keys(inputs)[0]}`, basename(path)]))
const page = index.replace(/(?<=(?:src|href)=")\.\/[^"]+/g, path => {
  const name = built.get(path)
  if (name === undefined) throw new Error(`index.html refers to ${path}, which was not built`)
  return name
}).replace(/^\s+/gm, '')
await writeFile(join(target, 'index.html'), page)

let size = 0
for (const name of ['index.html', ...built.values()]) {
  const content = await readFile(join(target, name))
  const isText = !name.endsWith('.png')
  const sent = isText ? brotliCompressSync(content) : content
  if (isText) await writeFile(join(target, `${name}.br`), sent)
  size += sent.length
}
console.log(`${relative(process.cwd(), target)}: the call page is ${(size / 1000).toFixed(1)} kB compressed; the limit is ${LIMIT / 1000} kB`)
if (size > LIMIT) throw new Error('The call page is too large')
