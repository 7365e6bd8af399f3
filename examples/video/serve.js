// Serves the page, and bundles it with esbuild each time it is loaded. See README.md.
import { fileURLToPath } from 'node:url'
import { context } from 'esbuild'

const { PORT = '3000', SERVER = 'http://localhost:8080' } = process.env
const folder = fileURLToPath(new URL('.', import.meta.url))

const bundle = await context({
  absWorkingDir: folder,
  entryPoints: ['main.ts'],
  outdir: folder,
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'inline',
  define: { SERVER: JSON.stringify(SERVER) }
})
const { port } = await bundle.serve({ host: '127.0.0.1', port: Number(PORT), servedir: folder })
console.log(`The page is at http://localhost:${port}/`)
