// The figures of docs/performance.md, from the result of one run of `npm run bench -- performance`.
import { barChart, described } from './charts.js'

const MORE = 'More is better'
const LESS = 'Less is better'

const rate = value => `${Math.round(value).toLocaleString('en')}/s`
const ms = value => `${value.toFixed(2)} ms`
const kib = value => `${value.toFixed(1)} KiB`

/** What is drawn, in the order of the page. */
const CHARTS = [
  { name: 'create', title: 'Boxes created per second', note: MORE, write: rate },
  { name: 'store', title: 'Messages stored or published per second', note: MORE, write: rate },
  { name: 'read', title: 'Reads of one message per second', note: MORE, write: rate },
  { name: 'drain', title: 'Messages stored and then drained per second', note: MORE, write: rate },
  { name: 'p50', title: 'Delivery to a stream, median', note: LESS, write: ms },
  { name: 'p99', title: 'Delivery to a stream, 99th percentile', note: LESS, write: ms },
  { name: 'idle', title: 'Memory per idle stream', note: LESS, write: kib }
]

/** The load generator, which shares the cores with the server, may be the limit from here on. */
const BUSY = 0.7

/** What ratios are relative to. */
const REFERENCE = 'signalbox, memory'

/** A figure as it is written; one that the load generator limited is a lower bound. */
function written ({ write }, { median, busy }) {
  return `${busy >= BUSY ? '≥ ' : ''}${write(median)}`
}

function chartOf (chart, { contenders }) {
  const bars = contenders.filter(({ figures }) => figures[chart.name] !== undefined).map(({ name, durability, figures }) => ({
    label: name,
    value: figures[chart.name].median,
    text: `${written(chart, figures[chart.name])}${chart.note === MORE ? `, ${durability}` : ''}`,
    ours: name.startsWith('signalbox')
  }))
  return barChart({ ...chart, bars })
}

/** Where a call's servers were: their delay is in each direction. */
const distance = delay => delay === 0 ? 'no delay' : `${delay} ms each way`

function callsChart ({ calls }) {
  const bars = calls.flatMap(({ delay, signalbox, peerJs }) => [
    { label: `signalbox, ${distance(delay)}`, value: signalbox, ours: true },
    { label: `PeerJS, ${distance(delay)}`, value: peerJs, ours: false }
  ])
  return barChart({
    title: 'Setup of a call, from joining to the open data channel, median',
    note: LESS,
    bars: bars.map(bar => ({ ...bar, text: `${bar.value.toFixed()} ms` }))
  })
}

/** @returns the text of each chart by its file name */
export function charts (result) {
  return new Map([
    ...CHARTS.map(chart => [`performance-${chart.name}.svg`, chartOf(chart, result)]),
    ['performance-call.svg', callsChart(result)]
  ])
}

function table (heads, rows) {
  const line = cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

function figuresTable (names, result) {
  const wanted = CHARTS.filter(({ name }) => names.includes(name))
  const reference = result.contenders.find(({ name }) => name === REFERENCE).figures
  const rows = result.contenders.filter(({ figures }) => wanted.some(({ name }) => figures[name] !== undefined)).map(({ name, durability, figures }) => [name, durability, ...wanted.map(chart => {
    const figure = figures[chart.name]
    if (figure === undefined) return '–'
    return `${written(chart, figure)} (${(figure.median / reference[chart.name].median).toFixed(2)})`
  })])
  return table(['', 'messages are', ...wanted.map(({ name }) => name)], rows)
}

function spreadTable ({ contenders }) {
  return table(['', ...CHARTS.map(({ name }) => name)], contenders.map(({ name, figures }) => [name, ...CHARTS.map(({ name, write }) => {
    const figure = figures[name]
    return figure === undefined ? '–' : `${write(figure.min)} to ${write(figure.max)}`
  })]))
}

function contendersTable ({ contenders, missing }) {
  return table(['', 'version', 'configuration'], [
    ...contenders.map(({ name, version, configuration }) => [name, version, configuration]),
    ...missing.map(({ name, reason }) => [name, 'not measured', reason])
  ])
}

function callsTable ({ calls }) {
  return table(['servers', 'signalbox', 'PeerJS, with its registration', 'ratio', 'without any signaling'], calls.map(({ delay, signalbox, peerJs, bare }) =>
    [distance(delay), `${signalbox.toFixed()} ms`, `${peerJs.toFixed()} ms`, (signalbox / peerJs).toFixed(2), `${bare.toFixed()} ms`]))
}

function machine ({ date, machine: { node, cores, cpu, memory, loads }, settings: { rounds, seconds, connections, samples, streams }, calls }) {
  return `One run on ${date.replace('T', ' at ')} UTC: ${cores} cores (${cpu}), ${memory} GiB of memory, Node ${node.slice(1)}, clients
and servers on the same machine. Its load average was ${loads.map(load => load.toFixed(1)).join(', ')}, before the run and after each of its ${rounds} rounds.
In each round, each server in turn was loaded over ${connections} connections for ${seconds} s per kind of request, delivered ${samples.toLocaleString('en')} messages one at a
time, and held ${streams.toLocaleString('en')} streams, each on a channel of its own. A figure is the median of the rounds; for calls,
of ${calls[0].count} calls.`
}

/** @returns what stands between the markers of each name */
function sections (result) {
  return {
    machine: machine(result),
    contenders: contendersTable(result),
    rates: figuresTable(['create', 'store', 'read', 'drain'], result),
    streams: figuresTable(['p50', 'p99', 'idle'], result),
    calls: callsTable(result),
    spread: spreadTable(result)
  }
}

/**
 * The page with its figures, and the texts of its images, replaced by those of this result.
 * @throws Error if the page has no place for them
 */
export function withFigures (page, result) {
  let written = page
  for (const [name, text] of Object.entries(sections(result))) {
    const start = `<!-- ${name} -->\n`
    const from = placeOf(written, start) + start.length
    written = written.slice(0, from) + text + written.slice(placeOf(written, `<!-- end of ${name} -->`) - 1)
  }
  for (const [name, chart] of charts(result)) {
    const end = placeOf(written, `](images/${name})`)
    written = written.slice(0, written.lastIndexOf('![', end) + 2) + described(chart) + written.slice(end)
  }
  return written
}

function placeOf (page, text) {
  const place = page.indexOf(text)
  if (place === -1) throw new Error(`The page does not contain ${text}`)
  return place
}
