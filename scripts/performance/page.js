// The figures of docs/performance.md, from the result of one run of `npm run bench -- performance`.
import { barChart } from './charts.js'

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

/** The load generator is the limit from here on, so that the server may be able to do more. */
const BUSY = 0.9

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

function callsChart ({ calls }) {
  const bars = [['signalbox', calls.signalbox, true], ['PeerJS', calls.peerJs, false], ['no signaling at all', calls.bare, false]]
  return barChart({
    title: 'Setup of a call: from joining to the open data channel, median',
    note: LESS,
    bars: bars.map(([label, value, ours]) => ({ label, value, text: `${value.toFixed()} ms`, ours }))
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
  const line = cells => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

function figuresTable (names, result) {
  const wanted = CHARTS.filter(({ name }) => names.includes(name))
  const reference = result.contenders.find(({ name }) => name === REFERENCE).figures
  const rows = result.contenders.map(({ name, durability, figures }) => [name, durability, ...wanted.map(chart => {
    const figure = figures[chart.name]
    if (figure === undefined) return 'no such operation'
    return `${written(chart, figure)} (${(figure.median / reference[chart.name].median).toFixed(2)})`
  })])
  return table(['', 'messages are in', ...wanted.map(({ name }) => name)], rows)
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
  const row = (name, value) => [name, `${value.toFixed()} ms (${(value / calls.signalbox).toFixed(2)})`]
  return table(['', `median of ${calls.count} calls`], [row('signalbox', calls.signalbox), row('PeerJS, with its registration', calls.peerJs), row('descriptions handed over within one page', calls.bare)])
}

function machine ({ date, machine: { node, cores, cpu, memory, loads }, settings: { rounds, seconds, connections, samples, streams } }) {
  return `Measured on ${date.replace('T', ' at ')} UTC, on a machine with ${cores} cores (${cpu}) and ${memory} GiB of memory, with Node ${node.slice(1)}.
Clients and servers shared it. Its load average before the run and after each of ${rounds} rounds was ${loads.map(load => load.toFixed(1)).join(', ')}.
In a round, each server in turn got ${connections} connections for ${seconds} s for each rate, ${samples} single messages for the
delivery, and ${streams.toLocaleString('en')} streams, each on its own channel. Every figure is the median of the rounds.`
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

/** The page with its figures replaced by those of this result. */
export function withFigures (page, result) {
  return Object.entries(sections(result)).reduce((page, [name, text]) => {
    const [start, end] = [`<!-- ${name} -->\n`, `\n<!-- end of ${name} -->`]
    const [from, to] = [page.indexOf(start), page.indexOf(end)]
    if (from === -1 || to === -1) throw new Error(`The page has no place for ${name}.`)
    return page.slice(0, from + start.length) + text + page.slice(to)
  }, page)
}
