// From starting the process to its first response.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { median, report, sleep, withTempDir } from './lib.js'

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function timeToReady (dir) {
  const port = await freePort()
  const start = performance.now()
  const child = spawn(process.execPath, ['dist/server/cli.js', '--port', String(port), '--host', '127.0.0.1', '--store', `lmdb:${dir}`, '--log-level', 'silent'], { stdio: 'ignore' })
  try {
    for (;;) {
      try {
        const { ok } = await fetch(`http://127.0.0.1:${port}/health/ready`)
        if (ok) return performance.now() - start
      } catch {
        await sleep(5)
      }
    }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

export async function run () {
  const times = []
  for (let i = 0; i < 7; i++) times.push(await withTempDir(timeToReady))
  report('time until the server is ready, LMDB', `${Math.round(median(times))} ms`, '<= 500 ms')
}
