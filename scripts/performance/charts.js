// Bar charts as SVG. They are images: no script, no font from elsewhere, readable on light and dark pages.

const WIDTH = 720
const LABELS = 210
const VALUES = 170
const BAR = 20
const ROW = 28
const TOP = 58

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .heading { font-size: 15px; font-weight: 600 }
  .note { fill: #59636e }
  .ours { fill: #0969da }
  .others { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .others { fill: #656c76 }
  }`

const escape = text => text.replace(/[&<>"]/g, char => `&#${char.codePointAt(0)};`)

/**
 * @param bars each with a label, a value, and how the value is written
 * @param note which direction is better
 */
export function barChart ({ title, note, bars }) {
  const height = TOP + bars.length * ROW + 8
  const scale = (WIDTH - LABELS - VALUES) / Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ label, value, text, ours }, i) => {
    const y = TOP + i * ROW
    const width = Math.max(1, value * scale).toFixed(1)
    return `  <text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escape(label)}</text>
  <rect class="${ours ? 'ours' : 'others'}" x="${LABELS}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
  <text x="${(LABELS + Number(width) + 6).toFixed(1)}" y="${y + 15}">${escape(text)}</text>`
  })
  const described = bars.map(({ label, text }) => `${label}: ${text}`).join('; ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escape(title)}</title>
  <desc id="desc">${escape(`${note}. ${described}.`)}</desc>
  <style>${STYLE}
  </style>
  <text class="heading" x="8" y="22">${escape(title)}</text>
  <text class="note" x="8" y="42">${escape(note)}</text>
${rows.join('\n')}
</svg>
`
}

/** What a chart shows, for those who cannot see it. */
export function described (chart) {
  const text = name => new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(chart)[1]
  return `${text('title')}. ${text('desc')}`
}
