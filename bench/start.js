// From starting the process to its first response: with an empty directory, and after a SIGKILL in the middle of writes.
import { load, requests } from './load.js'
import { createBoxes, median, report, startProgram, withTempDir } from './lib.js'

const ROUNDS = 7
const BOXES = 1_000
const CLIENTS = 16
/** how long clients write before the kill, in seconds */
const WRITING = 2

async function timeToReady (dir) {
  const start = performance.now()
  const { ready, stop } = await startProgram(dir)
  await stop()
  return ready - start
}

async function timeAfterKill (dir) {
  const { url, stop } = await startProgram(dir, ['--rate-limit', 'off'])
  const boxes = await createBoxes(url, BOXES)
  const written = load(url, requests.store(boxes), { connections: CLIENTS, seconds: 2 * WRITING }).catch(() => {})
  await new Promise(resolve => { setTimeout(resolve, WRITING * 1000) })
  await stop()
  await written
  return await timeToReady(dir)
}

async function times (measure) {
  const all = []
  for (let i = 0; i < ROUNDS; i++) all.push(await withTempDir(measure))
  return median(all)
}

export async function run () {
  const [empty, killed] = [await times(timeToReady), await times(timeAfterKill)]
  report('time until the server is ready, LMDB', `${Math.round(empty)} ms`, '<= 500 ms')
  report('  after SIGKILL under 16 writers', `${Math.round(killed)} ms, ${(killed / empty).toFixed(2)} times`, '<= 1.5 times', killed / empty)
}
