// The product beside others that pass messages over HTTP: the same machine, the same run, the same work.
// `npm run bench -- performance --output FILE` writes the result, from which scripts/performance.js makes the page.
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { DELAY, measureCalls } from './call.js'
import { median, report } from './lib.js'
import { FIGURES, measure } from './performance/measure.js'
import { boxPhp, nchan } from './performance/nginx.js'
import { peerJs } from './performance/peerjs.js'
import { centrifugo, mercureBolt, mercureLocal, ntfyMemory, ntfySqlite } from './performance/go.js'
import { signalboxLmdb, signalboxMemory } from './performance/signalbox.js'

const CONTENDERS = [signalboxMemory, signalboxLmdb, boxPhp, nchan, peerJs, mercureLocal, mercureBolt, centrifugo, ntfyMemory, ntfySqlite]

const SETTINGS = { rounds: 3, seconds: 2, connections: 32, samples: 1000, streams: 2000 }

/** To see whether it works. */
const QUICK = { rounds: 1, seconds: 0.4, connections: 32, samples: 100, streams: 200 }

function found () {
  const contenders = []
  const missing = []
  for (const contender of CONTENDERS) {
    const { name } = contender
    try {
      contenders.push({ contender, ...contender.find(), rounds: [] })
    } catch ({ message }) {
      missing.push({ name, reason: message })
    }
  }
  return { contenders, missing }
}

/** The median of each figure over the rounds, with its extremes. */
function summarize (rounds) {
  return Object.fromEntries(Object.keys(FIGURES).filter(name => rounds[0][name] !== undefined).map(name => {
    const values = rounds.map(figures => round(figures[name].value))
    const busy = rounds.map(figures => figures[name].busy ?? 0)
    return [name, { median: median(values), min: Math.min(...values), max: Math.max(...values), busy: round(median(busy)) }]
  }))
}

const round = number => Number(number.toPrecision(4))

/** How long a call takes to set up, near to the servers and at a distance. */
async function setups () {
  const all = []
  for (const delay of [0, DELAY]) {
    const { calls, call, peerJs, bare } = await measureCalls(delay)
    all.push({ delay, count: calls, signalbox: round(median(call)), peerJs: round(median(peerJs)), bare: round(median(bare)) })
  }
  return all
}

export async function run ({ output, quick = false } = {}) {
  const settings = quick ? QUICK : SETTINGS
  const date = new Date().toISOString().slice(0, 16)
  const loads = [loadavg()[0]]
  const { contenders, missing } = found()
  for (const { name, reason } of missing) report(name, `not measured: ${reason}`)
  // Interleaved, so that what else the machine does falls on all alike.
  for (let n = 0; n < settings.rounds; n++) {
    for (const { contender, rounds } of contenders) rounds.push(await measure(contender, settings))
    loads.push(loadavg()[0])
  }
  const calls = await setups()
  const result = {
    date,
    machine: { node: process.version, cores: availableParallelism(), cpu: cpus()[0].model, memory: Math.round(totalmem() / 2 ** 30), loads: loads.map(round) },
    settings,
    contenders: contenders.map(({ contender: { name, durability }, version, configuration, rounds }) => ({ name, durability, version, configuration, figures: summarize(rounds) })),
    missing,
    calls
  }
  for (const { name, figures } of result.contenders) {
    for (const [figure, { median }] of Object.entries(figures)) report(`${name}: ${figure}`, `${median} ${FIGURES[figure]}`)
  }
  for (const { delay, signalbox, peerJs } of calls) report(`setup of a call, ${delay} ms from the servers: signalbox, PeerJS`, `${signalbox} ms, ${peerJs} ms`)
  if (output !== undefined) await writeFile(output, `${JSON.stringify(result, null, 2)}\n`)
  // The PeerJS server of the calls leaves a timer running.
  setImmediate(() => process.exit())
}
