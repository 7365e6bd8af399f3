// The memory of the standalone server on LMDB under hours of mixed load with boxes that expire. Not part of a whole
// run: `npm run bench -- soak`, for `SOAK_MINUTES` (120).
import { readFile } from 'node:fs/promises'
import { median, message, report, sleep, startProgram, withTempDir } from './lib.js'

const MINUTES = Number(process.env.SOAK_MINUTES ?? 120)
const CLIENTS = 8
/** between two boxes of a client, in ms */
const PAUSE = 100
const MESSAGES = 4
/** how long a box that nobody deletes is kept, in seconds */
const TTL = 60
const SAMPLES = 24

/** What this process has in memory, in MiB: its own, and pages of files, which the kernel may take back. */
async function memoryOf (pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const figure = name => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) / 1024
  return { own: figure('RssAnon'), files: figure('RssFile') }
}

/** Creates, fills and reads one box after the other. Every second box is drained and deleted, the others expire. */
async function use (url, end) {
  let requests = 0
  const ask = async (path, options) => {
    const answer = await fetch(url + path, options)
    const body = await answer.text()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${body}`)
    requests++
    return body
  }
  const json = (method, body) => ({ method, body, headers: { 'content-type': 'application/json' } })
  for (let i = 0; performance.now() < end; i++) {
    const { data } = JSON.parse(await ask('/boxes', json('POST', JSON.stringify({ ttl: TTL }))))
    const messages = `/boxes/${data}/messages`
    for (let n = 0; n < MESSAGES; n++) await ask(messages, json('POST', message))
    await ask(messages)
    if (i % 2 === 0) {
      await ask(messages, { method: 'DELETE' })
      await ask(`/boxes/${data}`, { method: 'DELETE' })
    }
    await sleep(PAUSE)
  }
  return requests
}

export async function run () {
  await withTempDir(async dir => {
    const program = await startProgram(dir, ['--rate-limit', 'off'])
    try {
      await soak(program)
    } finally {
      await program.stop()
    }
  })
}

async function soak ({ url, pid }) {
  const begun = performance.now()
  const whole = MINUTES * 60_000
  const clients = Promise.all(Array.from({ length: CLIENTS }, () => use(url, begun + whole)))
  const samples = []
  while (samples.length < SAMPLES) {
    // A client that fails ends the wait.
    await Promise.race([sleep(begun + (samples.length + 1) * whole / SAMPLES - performance.now()), clients])
    const { own, files } = await memoryOf(pid)
    samples.push(own)
    console.error(`${((performance.now() - begun) / 60_000).toFixed(1)} min: ${own.toFixed(0)} MiB of its own, ${files.toFixed(0)} MiB of files`)
  }
  const requests = (await clients).reduce((sum, count) => sum + count)
  // The first quarter is the start: code is compiled, and boxes gather until as many expire as are created.
  const [early, late] = [median(samples.slice(SAMPLES / 4, SAMPLES / 2)), median(samples.slice(-SAMPLES / 4))]
  report(`own memory after ${MINUTES} min of mixed load, ${requests} requests`, `${late.toFixed(0)} MiB`)
  report('the last quarter of that time against the second', `${(late / early).toFixed(2)} times`, '<= 1.1 times')
}
