import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import type { Page } from '../../src/store/store.js'
import { needs } from '../helpers/needs.js'
import { limits, newDrop, TTL } from '../../src/store/contract/boxes.js'
import { freshDirectory } from '../store/directory.js'
import { addDamage, Known, type Order, type Report } from './kill-protocol.js'
import { imageAt, readTrace, traceOptions, type Trace } from './power-trace.js'
import { program } from '../helpers/program.js'

const CUTS = 200
const CONTROL_CUTS = 30
const APPENDS = 25
const REPORTS = 3
/** How long a store may take to be read, ms: on a busy machine a sound one takes seconds. */
const PATIENCE = 15_000

t.test('power loss', { skip: needs('strace') }, async t => {
  const scripts = { writers: await program(t, new URL('kill-writers.ts', import.meta.url)), reader: await program(t, new URL('power-reader.ts', import.meta.url)) }

  await t.test(`at ${CUTS} points of a recorded run, nothing that got a 2xx is lost or restored`, async t => {
    const outcome = await losePower(t, scripts, CUTS, false)
    t.comment(outcome)
    t.strictSame(outcome.damage, { lost: 0, back: 0, doubled: 0, misnumbered: 0 })
    t.same(outcome.broken, [])
    t.equal(outcome.stored, 16 * APPENDS)
  })

  await t.test('without flushes, the same run loses data, so the test would notice', async t => {
    const outcome = await losePower(t, scripts, CONTROL_CUTS, true)
    t.comment(outcome)
    t.ok(outcome.broken.length + outcome.damage.lost > CONTROL_CUTS / 3)
  })
})

interface Outcome {
  stored: number
  damage: { lost: number, back: number, doubled: number, misnumbered: number }
  /** why stores could not be opened or read at all */
  broken: string[]
}

async function losePower (t: Test, scripts: { writers: string, reader: string }, cuts: number, noSync: boolean): Promise<Outcome> {
  const boxes = Array.from({ length: 6 }, newDrop)
  const trace = await record(t, scripts.writers, boxes, noSync)
  const reports = trace.reports.map(({ moment, line }) => ({ moment, report: JSON.parse(line) as Report }))
  const [first, ...later] = reports
  if (first?.report.event !== 'ready') throw new Error('the record does not begin at the beginning')

  const seed = Math.floor(Math.random() * 2 ** 32)
  t.comment(`seed ${seed}`)
  const random = generator(seed)
  const outcome: Outcome = { stored: later.filter(({ report }) => report.event === 'stored').length, damage: { lost: 0, back: 0, doubled: 0, misnumbered: 0 }, broken: [] }
  const directory = freshDirectory(t)
  let reader: ChildProcess | undefined
  for (let n = 0; n < cuts; n++) {
    const cut = first.moment + 1 + Math.floor(random() * (trace.moments - first.moment))
    const known = new Map(boxes.map(drop => [drop, new Known()]))
    for (const { moment, report } of later) {
      if (moment < cut && report.event !== 'ready') known.get(report.drop)?.note(report)
    }
    const path = join(directory, String(n))
    mkdirSync(path)
    writeFileSync(join(path, 'data.mdb'), imageAt(trace, cut, random))

    if (reader?.connected !== true) {
      const started = reader = fork(scripts.reader, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
      t.teardown(() => { started.kill('SIGKILL') })
    }
    const pages = await ask(reader, { path, boxes })
    if (typeof pages === 'string') outcome.broken.push(`at ${cut}: ${pages}`)
    else for (const [i, drop] of boxes.entries()) addDamage(outcome.damage, (known.get(drop) as Known).compare((pages[i] as Page).texts, (pages[i] as Page).next))
  }
  return outcome
}

/** What the boxes hold, or why the store cannot be read. */
async function ask (reader: ChildProcess, question: object): Promise<Page[] | string> {
  const timer = setTimeout(() => { reader.kill('SIGKILL') }, PATIENCE)
  const answer = new Promise<Page[] | string>(resolve => {
    reader.once('message', resolve)
    reader.once('exit', (_, signal) => { resolve(signal === 'SIGKILL' ? 'no answer' : `crashed with ${signal}`) })
  })
  // If it has crashed, `exit` says so.
  reader.send(question, () => {})
  const pages = await answer
  clearTimeout(timer)
  reader.removeAllListeners('message').removeAllListeners('exit')
  return pages
}

/** A run of the writers from start to end, with every write and flush it made. */
async function record (t: Test, script: string, boxes: string[], noSync: boolean): Promise<Trace> {
  const directory = freshDirectory(t)
  const path = join(directory, 'data')
  const dataFile = join(path, 'data.mdb')
  const reportFile = join(directory, 'reports')
  const output = join(directory, 'trace')
  const store = await lmdbStore({ path })
  for (const drop of boxes) await store.create(drop, TTL * 1000, Date.now(), limits)
  await store.close()
  const base = readFileSync(dataFile)

  const order: Order = { path, round: 0, boxes, retry: [], appends: APPENDS, noSync }
  const reports = openSync(reportFile, 'w')
  const tracer = spawn('strace', [...traceOptions(output, dataFile, reportFile), process.execPath, script, JSON.stringify(order)], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'inherit', reports]
  })
  t.teardown(() => { tracer.kill('SIGKILL') })
  closeSync(reports)
  const [code] = await once(tracer, 'close')
  if (code !== 0) throw new Error(`The writers ended with ${code}`)
  return await readTrace(output, base, REPORTS)
}

/** Numbers from 0 to 1 that come again with the same seed. */
function generator (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
