// A chart as SVG: one panel per series, for a light and a dark background.
const WIDTH = 860
const PANEL = 130
const LEFT = 70
const RIGHT = 20
const TOP = 30
/** between two panels, with the title of the lower one */
const GAP = 40

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .small { fill: #59636e }
  .grid { stroke: #d1d9e0 }
  .start { stroke: #bc4c00; stroke-dasharray: 3 3 }
  .raw { fill: none; stroke: #9cc7f0 }
  .floor { fill: none; stroke: #0550ae; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .start { stroke: #f0883e }
    .raw { stroke: #2f5b8c }
    .floor { stroke: #79c0ff }
  }`

/**
 * @param {{ title: string, description: string, minutes: number, starts: number[], panels: Panel[] }} chart
 * `starts` are the minutes at which the server was started again
 * @typedef {{ title: string, note: string, raw: Point[], lives: Point[][] }} Panel
 * @typedef {{ time: number, value: number }} Point with the time in minutes
 */
export function chart ({ title, description, minutes, starts, panels }) {
  const height = TOP + panels.length * (PANEL + GAP) + 20
  const x = time => round(LEFT + time / minutes * (WIDTH - LEFT - RIGHT))
  const body = panels.map(({ title, note, raw, lives }, n) => {
    const top = TOP + GAP - 10 + n * (PANEL + GAP)
    const most = roundUp(Math.max(...raw.map(({ value }) => value)))
    const y = value => round(top + PANEL * (1 - value / most))
    const line = points => points.map(({ time, value }, i) => `${i === 0 ? 'M' : 'L'}${x(time)} ${y(value)}`).join('')
    return `<g>
<text class="title" x="${LEFT}" y="${top - 8}">${escape(title)}</text>
<text class="small" x="${WIDTH - RIGHT}" y="${top - 8}" text-anchor="end">${escape(note)}</text>
${[0, most / 2, most].map(value => `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/><text class="small" x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${Number(value.toPrecision(3))}</text>`).join('\n')}
${starts.map(time => `<path class="start" d="M${x(time)} ${top}V${top + PANEL}"/>`).join('')}
<path class="raw" d="${line(raw)}"/>
${lives.map(points => `<path class="floor" d="${line(points)}"/>`).join('\n')}
</g>`
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(part => `<text class="small" x="${x(part * minutes)}" y="${height - 8}" text-anchor="middle">${Number((part * minutes).toFixed(1))} min</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description">
<title id="title">${escape(title)}</title>
<desc id="description">${escape(description)}</desc>
<style>${STYLE}
</style>
<text class="title" x="${LEFT}" y="20">${escape(title)}</text>
${body.join('\n')}
${ticks.join('')}
</svg>
`
}

const round = number => Math.round(number * 10) / 10

/** The next number above that has one digit that counts, or two. */
function roundUp (value) {
  if (value <= 0) return 1
  const unit = 10 ** Math.floor(Math.log10(value)) / 2
  return Math.ceil(value * 1.05 / unit) * unit
}

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
