import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { barChart, described } from '../scripts/performance/charts.js'
import { charts, withFigures } from '../scripts/performance/page.js'
import { root } from './helpers/consumer.js'

const docs = join(root, 'docs')
const result = JSON.parse(await readFile(join(docs, 'performance.json'), 'utf8'))
const page = await readFile(join(docs, 'performance.md'), 'utf8')

t.test('the page has the figures of the result beside it, and nothing else', async t => {
  t.equal(withFigures(page, result), page, 'run node scripts/performance.js')
  for (const [name, chart] of charts(result)) t.equal(await readFile(join(docs, 'images', name), 'utf8'), chart, name)
})

t.test('another result makes another page', async t => {
  const other = structuredClone(result)
  other.contenders[0].figures.store.median *= 2
  other.calls[0].signalbox *= 2
  const changed = page.split('\n').length - withFigures(page, other).split('\n').filter(line => page.includes(line)).length
  t.ok(changed >= 4, 'a row of rates and one of calls, and the texts of two images')
})

t.test('a page that lacks the place for a table is refused', async t => {
  t.throws(() => withFigures(page.replace('<!-- streams -->', ''), result), { message: /does not contain <!-- streams -->/ })
})

t.test('a bar is as long as its value, and names are escaped', async t => {
  const bar = (label: string, value: number) => ({ label, value, text: `${value}/s`, ours: false })
  const chart = barChart({ title: 'Rates', note: 'More is better', bars: [bar('a < b & c', 100), bar('half', 50)] })
  const [whole, half] = [...chart.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
  t.equal(half, whole! / 2)
  t.match(chart, '>a &#60; b &#38; c</text>')
  t.equal(described(chart), 'Rates. More is better. a &#60; b &#38; c: 100/s; half: 50/s.')
})

t.test('every text fits into its chart', async t => {
  // A character of this font takes at most 8 units on average.
  for (const [name, chart] of charts(result)) {
    const width = Number(/ width="(\d+)"/.exec(chart)![1])
    for (const [, x, end, text = ''] of chart.matchAll(/<text x="([\d.]+)"[^>]*?( text-anchor="end")?>([^<]*)</g)) {
      const most = end === undefined ? width - Number(x) : Number(x)
      t.ok(text.length * 8 <= most, `${name}: ${text}`)
    }
  }
})
