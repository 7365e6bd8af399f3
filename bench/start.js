// From starting the process to its first response.
import { median, report, startProgram, withTempDir } from './lib.js'

async function timeToReady (dir) {
  const start = performance.now()
  const { ready, stop } = await startProgram(dir)
  await stop()
  return ready - start
}

export async function run () {
  const times = []
  for (let i = 0; i < 7; i++) times.push(await withTempDir(timeToReady))
  report('time until the server is ready, LMDB', `${Math.round(median(times))} ms`, '<= 500 ms')
}
