// Mixed load with faults on the standalone server, with its store at the cap: whether anything grows, and whether
// anything is lost. `npm run bench -- soak --output chart.svg`, for `SOAK_MINUTES` (120). `--planted leak` plants a fault of
// bench/soak/planted.js, which must be noticed.
import { writeFile } from 'node:fs/promises'
import { report, sleep, withTempDir } from './lib.js'
import { chart } from './soak/chart.js'
import { drifts, floors, slopeOf } from './soak/drift.js'
import { followByLongPoll, followByStream, followManyBoxes } from './soak/followers.js'
import { fillStore, useBox, useRoom } from './soak/owners.js'
import { beRude } from './soak/rude.js'
import { sample, SERIES, verify } from './soak/samples.js'
import { CAP, Server } from './soak/server.js'
import { World } from './soak/world.js'

const MINUTES = Number(process.env.SOAK_MINUTES ?? 120)
const WHOLE = MINUTES * 60_000

/** When the server is killed, as parts of the whole. Its last life is long. */
const KILLS = [0.1, 0.2, 0.3]
/** How long after each start nothing counts, in ms: code is compiled, and pools fill. */
const WARM_UP = Math.min(WHOLE / 5, 600_000)
/** The stretch of which the least counts, in ms. */
const STRETCH = WHOLE / 40
const SAMPLE = 5_000
/** between two pauses of the server, and how long they take, in ms */
const PAUSES = [30_000, 60_000]
const PAUSE = 1_000
/** How long clients may take to end, in seconds. */
const LAST = 180

const HOUR = 3_600_000

const clients = [
  ...Array(12).fill(world => world.repeat(() => useBox(world))),
  ...Array(3).fill(world => world.repeat(() => fillStore(world))),
  ...Array(2).fill(world => world.repeat(() => useRoom(world))),
  ...Array(6).fill(world => world.repeat(() => beRude(world))),
  followByLongPoll, followByLongPoll, followByStream, followByStream, followManyBoxes
]

export async function run ({ output, planted } = {}) {
  return await withTempDir(async dir => {
    const node = planted === undefined ? [] : ['--import', import.meta.resolve('./soak/planted.js')]
    if (planted !== undefined) process.env.SOAK_PLANTED = planted
    let world
    const server = await Server.start(dir, node, what => { world.wrong(what) })
    try {
      const begun = performance.now()
      world = new World(server, begun + WHOLE)
      const points = []
      const working = new Set()
      const load = Promise.all(clients.map(async (client, n) => {
        working.add(n)
        await client(world)
        working.delete(n)
      }))
      await Promise.all([load, breakServer(world, begun), watch(world, dir, begun, points), endsInTime(world, working)])
      await server.kill()
      await verify(dir).catch(error => { world.wrong(`the store is damaged: ${error.message}`) })
      return await conclude(world, points, begun, output)
    } finally {
      await server.kill()
    }
  })
}

/** Ends the run with a failure if a client hangs. */
async function endsInTime (world, working) {
  while (!world.over) await sleep(1_000)
  for (let seconds = 0; working.size > 0; seconds++) {
    if (seconds === LAST) throw new Error(`Clients that did not end: ${[...working].map(n => `${n} ${clients[n]}`).join('; ')}`)
    await sleep(1_000)
  }
}

/** Kills the server at its times, and pauses it in between. */
async function breakServer (world, begun) {
  const kills = KILLS.map(part => begun + part * WHOLE)
  while (!world.over) {
    const [least, most] = PAUSES
    const pause = performance.now() + least + Math.random() * (most - least)
    const next = Math.min(pause, kills[0] ?? Infinity, world.end)
    await sleep(next - performance.now())
    if (next === kills[0]) {
      kills.shift()
      await world.server.restart()
      world.count('kills')
    } else if (next === pause) {
      await world.server.pause(PAUSE)
      world.count('pauses')
    }
  }
}

/** Takes samples until the end: the counts of the store, for which every record is read, only once per stretch. */
async function watch (world, dir, begun, points) {
  for (let n = 1; !world.over; n++) {
    await sleep(begun + n * SAMPLE - performance.now())
    const figures = await sample(world.server, dir)
    if (figures === undefined) continue
    const time = performance.now() - begun
    if (Math.floor(time / STRETCH) > Math.floor((time - SAMPLE) / STRETCH)) {
      try {
        Object.assign(figures, await verify(dir))
        console.error(`${(time / 60_000).toFixed(1)} min: ${Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(1))}`).join(', ')}`)
      } catch (error) {
        world.wrong(`the store is damaged: ${error.message}`)
      }
    }
    points.push({ time, life: world.server.starts.length, ...figures })
  }
}

/** Prints the figures, and writes the chart. @returns whether nothing was lost, and nothing drifts */
async function conclude (world, points, begun, output) {
  const starts = world.server.starts.map(time => Math.max(0, time - begun))
  const panels = []
  const drifting = []
  for (const [name, { title, unit, bound, persistent }] of Object.entries(SERIES)) {
    const raw = points.filter(point => point[name] !== undefined).map(point => ({ ...point, value: point[name] }))
    const lives = starts.map((start, i) => floors(raw.filter(({ life, time }) => life === i + 1 && time > start + WARM_UP), STRETCH))
    const line = slopeOf(persistent ? [floors(raw.filter(({ time }) => time > WARM_UP), STRETCH)] : lives)
    const [slope, error] = [line.slope * HOUR, line.error * HOUR]
    const drift = drifts({ slope, error }, bound)
    if (drift) drifting.push(name)
    const figure = `${slope.toFixed(2)} ± ${error.toFixed(2)}${unit && ` ${unit}`} per hour`
    report(title, figure, drift ? 'no drift' : figure)
    panels.push({ title: unit ? `${title}, ${unit}` : title, note: `slope ${figure}; bound ${bound}`, raw: inMinutes(raw), lives: (persistent ? [lives.flat()] : lives).map(inMinutes) })
  }
  for (const [name, count] of Object.entries(world.counts).sort()) report(name, String(count))
  world.conclude()
  for (const [what, count] of world.wrongs) report(`WRONG: ${what}`, String(count))
  if (output !== undefined) {
    const { requests, kills, pauses } = world.counts
    await writeFile(output, chart({
      title: `${MINUTES} minutes of mixed load with faults, store at its cap of ${CAP} MiB`,
      description: `${requests} requests, ${kills} kills (dashed) and ${pauses} pauses. ${panels.map(({ title, note }) => `${title}: ${note}.`).join(' ')}`,
      minutes: MINUTES,
      starts: starts.slice(1).map(ms => ms / 60_000),
      panels
    }))
  }
  for (const name of drifting) console.log(`DRIFT: ${name}`)
  return drifting.length === 0 && world.wrongs.size === 0
}

const inMinutes = points => points.map(({ time, value }) => ({ time: time / 60_000, value }))
