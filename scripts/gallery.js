// Serves the gallery: every state of the call page, for those who work on it. An argument names the port.
import { context } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The call page's own markup, with a script that shows one state. */
const frame = {
  name: 'frame',
  setup (build) {
    build.onLoad({ filter: /src[\\/]web[\\/]index\.html$/ }, async ({ path }) => {
      const page = await readFile(path, 'utf8')
      return { contents: page.replace('./main.ts', './frame.js'), loader: 'copy' }
    })
  }
}

const gallery = await context({
  absWorkingDir: root,
  entryPoints: [
    { in: 'test/gallery/index.html', out: 'index' },
    { in: 'test/gallery/index.ts', out: 'index' },
    { in: 'src/web/index.html', out: 'frame' },
    { in: 'test/gallery/frame.ts', out: 'frame' },
    { in: 'src/web/styles/main.css', out: 'styles/main' }
  ],
  outdir: 'dist/gallery',
  bundle: true,
  format: 'esm',
  write: false,
  loader: { '.html': 'copy' },
  plugins: [frame],
  logLevel: 'warning'
})
const { port } = await gallery.serve({ host: '127.0.0.1', port: Number(process.argv[2] ?? 8000) })
console.log(`http://127.0.0.1:${port}/`)
