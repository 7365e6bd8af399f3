// Writes the charts and tables of docs/performance.md from docs/performance.json, which
// `npm run bench -- performance --output docs/performance.json` makes.
import { readFile, writeFile } from 'node:fs/promises'
import { charts, withFigures } from './performance/page.js'

const docs = new URL('../docs/', import.meta.url)
const page = new URL('performance.md', docs)

const result = JSON.parse(await readFile(new URL('performance.json', docs), 'utf8'))
for (const [name, chart] of charts(result)) await writeFile(new URL(`images/${name}`, docs), chart)
await writeFile(page, withFigures(await readFile(page, 'utf8'), result))
